// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::launch {

// A copy in memory of a program (an ELF file's content) that runs inside containers, for execveat(2): /proc/self/exe
// then leads to the copy, which nobody can write to, and never to a file of the host (CVE-2019-5736). A sealed memfd;
// where executable ones are forbidden (sysctl vm.memfd_noexec=2, Linux 6.3) a file of a read-only tmpfs that is mounted
// nowhere.
unique_fd copy_program(std::string_view content);

// A memfd for a launch plan that lxr-init is to map; never executable.
unique_fd make_plan_memory();

}  // namespace lxr::launch
