// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/async/task.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/process/child_process.hpp"
#include "io/tty/terminal_size.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/network/ports.hpp"

namespace lxr::container {

// A started container: its first process runs or, with start_options::wait, waits in lxr-init.
struct launched {
  container_config config;
  container_state state;               // as saved
  io::process::child_process process;  // its destructor kills the process, until the monitor calls release()
  unique_fd output, errors;            // the read ends of its stdout and stderr; with a terminal `output` is the master
  std::vector<network::held_port> ports;  // published; their sockets stay open while it runs
  int stop_signal = 15;
};

struct start_options {
  bool wait = false;  // true: the first process waits in lxr-init for a connection to the container's start socket
  // True: no client is attached. A container with open_stdin, or one that runs the image's own command, then gets an
  // input that never ends (input_source::endless).
  bool background = false;
  io::tty::terminal_size size;  // of its terminal; 0 rows and columns: not set
  // The record of a container that was created or ran before. A start that fails saves it again, with the failure.
  std::optional<container_state> previous;
  unique_fd stdin_source;  // becomes the container's stdin; none: /dev/null, or as `background` says
  // For a start that begins before its image is in the store. start() calls it when cgroup, namespaces, link and
  // filesystems exist and the child waits for its root, and goes on when it returns: the image is then in the store.
  // Meanwhile start() keeps two descriptors open, and one for each bind mount and joined namespace. It does not hold
  // the container's lock, so that other commands can remove the container. Empty: start() does not wait.
  std::function<task<void>()> until_image;
};

// Starts a container's first process: makes cgroup and address, clones the child and, while that makes its namespaces
// and filesystems, prepares image, root and link. `lock` is the container's lock. The caller holds it again when this
// returns or throws, unless the container was removed or another process kept the lock for 20 s (lock_patience).
// Runs on: the loop's strand of the engine.
// Failure: undoes what it made. Throws what launch::first_process throws, errc::not_found when the container was
//   removed meanwhile, else lxr::error; the error also tells which undo steps failed.
// Cancel: terminal; undoes what it made.
task<launched> start(engine& on, container_lock& lock, container_config config, start_options options);

}  // namespace lxr::container
