// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr::container {

// Starts a created container by its start socket (launch/start_socket.hpp), state/containers/<id>/start, and sees it
// through exec. That it runs is recorded first. The caller holds the container's lock.
// Blocks until then, at most 60 s. Throws what explain_failure() makes of a program that cannot be executed.
void start_waiting(const instance& where, const std::string& id);

}  // namespace lxr::container
