// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/async/task.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/launch/process_plan.hpp"

namespace lxr::launch {

// Where a further process of a container goes, and what it gets.
struct further_inputs {
  int pidfd = -1;                            // of the container's first process
  int root = -1;                             // its root directory
  std::uint32_t namespaces = 0;              // CLONE_NEW* to join
  int cgroup = -1;                           // cgroup v2: the directory to be born in
  std::vector<int> cgroup_tasks;             // cgroup v1
  bool own_memory = false;                   // a copy of our memory: under a memory limit
  int input = -1, output = -1, errors = -1;  // without a terminal
  process_inputs process;
};

struct started_process {
  io::process::child_process process;
  unique_fd terminal;  // pty master
};

// Starts a process in the namespaces and the cgroup of a running container, and returns once its program runs.
// `name`: of the container, for errors. Failure: throws what explain_failure() makes of the child's report;
// errc::timed_out after a minute (a frozen cgroup). Cancel: terminal; the process is killed.
task<started_process> start_further_process(context& on, std::string name, oci::process_spec process,
                                            further_inputs in);

}  // namespace lxr::launch
