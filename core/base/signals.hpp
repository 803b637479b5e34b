// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr {

// "TERM", "SIGTERM", "15", "RTMIN+3" as a number; the fallback for "". Throws errc::invalid_argument.
int parse_signal(const std::string& word, int fallback);

}  // namespace lxr
