// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr::container {

// Starts a created container: records that it runs, connects to its start socket state/containers/<id>/start
// (launch/start_socket.hpp), and waits until execve(2) has succeeded. The caller holds the container's lock.
// Runs on: any thread; blocks as launch::starter::finish().
// Failure: throws errc::not_found when the container has no state directory, the errors of launch::starter, and what
//   explain_failure() makes of a program that cannot be executed. When no process waits, the record is as before.
void start_waiting(const instance& where, const std::string& id);

}  // namespace lxr::container
