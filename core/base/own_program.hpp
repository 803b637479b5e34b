// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr {

// The path of a program of lxr's own ("lxr-init", "lxr-image"): beside this executable, or in ../libexec/lxr of it.
std::string own_program(const std::string& name);

}  // namespace lxr
