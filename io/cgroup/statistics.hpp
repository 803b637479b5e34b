// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "io/cgroup/layout.hpp"

namespace lxr::io::cgroup {

// What the processes of a group use, as far as the host accounts for it. On v1 only the trees that a container has
// joined account for it alone: the rest is 0.
struct statistics {
  std::uint64_t cpu = 0, cpu_user = 0, cpu_system = 0;      // nanoseconds since the group was made
  std::uint64_t throttled_periods = 0, throttled_time = 0;  // of the quota; nanoseconds
  std::uint64_t memory = 0, memory_limit = 0;               // bytes; limit 0: none
  std::uint64_t cache = 0;                                  // of memory: inactive file pages, which docker leaves out
  std::uint64_t swap = 0;                                   // bytes
  std::uint64_t processes = 0, processes_limit = 0;         // and threads; limit 0: none
};

// Of the group <tree>/<path>. Files that are missing, also of a group that is gone, count as 0.
statistics read_statistics(const layout& where, const std::string& path);

}  // namespace lxr::io::cgroup
