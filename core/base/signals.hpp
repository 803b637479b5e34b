// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr {

// Returns the number of the signal that `word` names: "TERM", "SIGTERM", "15", "RTMIN+3"; `fallback` for "".
// Failure: throws errc::invalid_argument for a word that names no signal.
int parse_signal(const std::string& word, int fallback);

}  // namespace lxr
