// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::io::seccomp {

// The default profile (default_profile.txt) as BPF instructions (struct sock_filter), compiled when lxr was built.
std::string_view default_profile();

// The default profile for a container with these capabilities, one bit each, for compile(): with the system calls that
// are of use only with one of them. Calls that Debian 12's libseccomp does not know are left out.
oci::seccomp_spec default_profile_with(std::uint64_t capabilities);
// Returns true when default_profile() is the whole profile for these capabilities.
bool is_default_for(std::uint64_t capabilities);

}  // namespace lxr::io::seccomp
