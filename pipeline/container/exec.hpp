// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "io/tty/terminal_size.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/start.hpp"
#include "pipeline/launch/further_process.hpp"

namespace lxr::container {

struct exec_options {
  std::vector<std::string> command;  // empty: a shell that the container has, preferably bash
  std::vector<std::string> env;      // KEY=value
  std::string user, working_dir;     // empty: as the first process
  bool tty = false;
  bool privileged = false;                            // with all capabilities that lxr has, and no seccomp profile
  io::tty::terminal_size size;                        // of the terminal; 0 rows and columns: not set
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // its standard streams without a terminal; borrowed
};

// Starts a further process in a running container: in its namespaces and cgroup, with its capabilities and lxr's
// seccomp profile. Returns once execve(2) has succeeded. lxr keeps no record of the process. If another lxr process is
// starting the container, exec() first waits for it, at most 20 s (lock_patience).
// Runs on: the loop's strand of the engine.
// Failure: throws errc::not_found for an unknown id, errc::conflict when the container does not run,
//   errc::command_not_found when it has no shell; else as launch::start_further_process(). The process is killed.
// Cancel: terminal; the process is killed.
task<launch::started_process> exec(engine& on, std::string id, exec_options options);

}  // namespace lxr::container
