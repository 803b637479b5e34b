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
  std::vector<std::string> command;  // empty: the best shell the container has
  std::vector<std::string> env;
  std::string user, working_dir;
  bool tty = false;
  io::tty::terminal_size size;                        // of that terminal, before the command begins
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // without a terminal: what the process gets
};

// Starts a further process in a running container: in its namespaces and cgroup, with its capabilities and seccomp.
// Nothing is written anywhere. Throws errc::conflict when the container does not run, and what
// launch::start_further_process() throws.
task<launch::started_process> exec(engine& on, std::string id, exec_options options);

}  // namespace lxr::container
