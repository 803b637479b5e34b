// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr {

// Returns the path of one of lxr's programs ("lxr-init", "lxr-image"): in the directory of this executable, else in
// ../libexec/lxr from there.
std::string own_program(const std::string& name);

}  // namespace lxr
