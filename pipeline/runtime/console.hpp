// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr::runtime {

// Sends the master of a terminal over the socket at `path`, whose owner shows it to a person (runc's
// docs/terminals.md). Failure: throws lxr::error when nobody listens there, or takes the message within 10 s.
void send_console(const std::string& path, unique_fd master);

// Writes a pid as text, whole or not at all; an empty path: nowhere.
void write_pid_file(const std::string& path, pid_t pid);

}  // namespace lxr::runtime
