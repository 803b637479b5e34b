// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

namespace lxr::container {

// A created container's first process waits in lxr-init on a socket, state/containers/<id>/start, that only whoever may
// enter the state directory can reach; it needs neither its monitor nor any other lxr process to be started.

// The socket to wait on, in a new file.
unique_fd listen_for_start(int state_dir);

// Connects to a waiting container, sees it through exec. That it runs is recorded first. The caller holds the
// container's lock.
// Blocks until then, at most 60 s. Throws what explain_failure() makes of a program that cannot be executed.
void start_waiting(const instance& where, const std::string& id);

}  // namespace lxr::container
