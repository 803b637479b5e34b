// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"
#include "pipeline/launch/first_process.hpp"

namespace lxr::container {

// What the first process's standard streams lead to, when it has no terminal.
enum class input_source {
  nothing,  // /dev/null
  endless,  // a pipe that nobody writes to and that never ends, whoever dies
};

// The two sides of a container's standard streams: pipes for its output, and for its input what it is given.
struct container_streams {
  launch::child_streams theirs;
  unique_fd output, errors;  // our ends
};

// `given`: becomes its input, in place of `source`.
container_streams make_streams(unique_fd given, input_source source);

}  // namespace lxr::container
