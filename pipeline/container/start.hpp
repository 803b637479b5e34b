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

namespace lxr::container {

// A container whose first process runs (or waits in lxr-init), and this side of its stdio.
struct launched {
  container_config config;
  container_state state;               // as saved
  io::process::child_process process;  // guards until the monitor takes over
  unique_fd output, errors;            // its stdout and stderr; with a terminal `output` is the pty master
  unique_fd input;                     // its stdin when somebody is to write to it through us; with a terminal: none
  int stop_signal = 15;
};

struct start_options {
  bool wait = false;  // stop before exec, in lxr-init, until somebody connects to the container's start socket
  bool background =
      false;  // nobody is attached: an interactive container, and the image's own command, get an input that never ends
  io::tty::terminal_size size;  // of its terminal, before its program begins
  // Of a container that was created or ran before: its record. It comes back, with the failure, when this start fails.
  std::optional<container_state> previous;
  unique_fd stdin_source;  // becomes the container's stdin; none: /dev/null
  // A start made ahead: called when cgroup, namespaces, link and mounts stand, and only waiting for the rest; that
  // takes two descriptors. Returns once the start may go on, with its image in the store. None: it goes on at once.
  // Meanwhile the container is not locked: it can be removed.
  std::function<task<void>()> until_image;
};

// The stages of one start, from the container's configuration to its running process: cgroup and address, clone, then
// image, root and link while the child builds its mounts. `lock` is the container's; it is held when this returns or
// throws, unless the container was removed.
// Failure: everything it made is undone; throws what launch::first_process throws, errc::not_found when the container
//   was removed meanwhile.
// Cancel: terminal; the same undoing.
task<launched> start(engine& on, container_lock& lock, container_config config, start_options options);

}  // namespace lxr::container
