// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::launch {

// Copies a program (the content of an ELF file) into memory. Returns a descriptor for execveat(2). In a container
// /proc/self/exe then leads to the copy, which no process can write to, and not to a file of the host (CVE-2019-5736).
// The copy is a sealed memfd. Where sysctl vm.memfd_noexec=2 (Linux 6.3) forbids executable ones, it is a file of a
// detached, read-only tmpfs.
// Failure: throws lxr::error.
unique_fd copy_program(std::string_view content);

// Returns an empty memfd, not executable, for the launch plan that lxr-init maps.
// Failure: throws lxr::error.
unique_fd make_plan_memory();

}  // namespace lxr::launch
