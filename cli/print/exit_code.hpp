// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

namespace lxr::cli {

inline constexpr int tool_failed = 125, not_executable = 126, not_found = 127;

// Returns the exit code for a failure, as podman does: 126 for a container's command that cannot be executed, 127 for
// one that does not exist, 125 for every other failure.
int exit_code_of(const std::exception_ptr& failure) noexcept;

}  // namespace lxr::cli
