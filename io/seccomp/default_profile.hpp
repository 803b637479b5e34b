// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lxr::io::seccomp {

// The default profile (default_profile.txt) as BPF instructions (struct sock_filter), compiled when lxr was built.
std::string_view default_profile();

}  // namespace lxr::io::seccomp
