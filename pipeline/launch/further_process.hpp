// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/async/task.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/launch/process_plan.hpp"

namespace lxr::launch {

// What a further process of a container joins and gets. The descriptors are borrowed until it runs.
struct further_inputs {
  int pidfd = -1;                            // of the container's first process
  int root = -1;                             // root directory of that process
  std::uint32_t namespaces = 0;              // CLONE_NEW* to join
  int cgroup = -1;                           // cgroup v2: the group's directory, for CLONE_INTO_CGROUP; -1: none
  std::vector<int> cgroup_tasks;             // cgroup v1: the `tasks` files of its groups
  bool own_memory = false;                   // true: the child gets a copy of our memory (child_process::options)
  int input = -1, output = -1, errors = -1;  // its standard streams; unused with a terminal
  process_inputs process;
  std::function<bool()> gives_up;  // asked while it waits for the process; true: it will not come
};

struct started_process {
  io::process::child_process process;
  unique_fd terminal;  // the pty's master; empty without a terminal
};

// Starts a process in the namespaces and the cgroup of a running container. Returns once execve(2) has succeeded.
// `name` names the container in errors.
// Runs on: the loop's strand of the context.
// Failure: throws what explain_failure() makes of the child's report, errc::conflict when the child died without one,
//   errc::timed_out after 60 s (as in a frozen cgroup) or when
//   `gives_up` says so, errc::unsupported (check_supported()). The process is killed.
// Cancel: terminal; the process is killed.
task<started_process> start_further_process(context& on, std::string name, oci::process_spec process,
                                            further_inputs in);

}  // namespace lxr::launch
