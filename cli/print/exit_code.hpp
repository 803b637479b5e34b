// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

namespace lxr::cli {

inline constexpr int tool_failed = 125, not_executable = 126, not_found = 127;

// What a failure of lxr itself exits with (podman's rules): 126 and 127 for the container's command, else 125.
int exit_code_of(const std::exception_ptr& failure) noexcept;

}  // namespace lxr::cli
