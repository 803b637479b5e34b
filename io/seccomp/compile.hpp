// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::io::seccomp {

// A profile of a runtime-spec (config-linux.md, "Seccomp"), compiled with libseccomp.
struct filter {
  std::string program;      // struct sock_filter each
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_* of seccomp(2)
};

// Names of system calls that libseccomp does not know, and architectures that are not this machine's family, are passed
// over, as every runtime does: profiles name the calls of all kernels.
// Failure: throws errc::invalid_argument naming the word that is no action, operator, architecture or flag, and
//   errc::unsupported for a program that is longer than the kernel takes.
filter compile(const oci::seccomp_spec& profile);

}  // namespace lxr::io::seccomp
