// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"
#include "pipeline/launch/first_process.hpp"

namespace lxr::container {

// What a first process without a terminal reads from standard input.
enum class input_source {
  nothing,  // /dev/null
  endless,  // a pipe without data and without an end of file, because the reader also holds it open for writing
};

// The two sides of the standard streams of a first process.
struct container_streams {
  launch::child_streams theirs;  // what the process gets
  unique_fd output, errors;      // the read ends of the pipes that it writes to
};

// Makes pipes for the output. The input is `given` or, if that is empty, what `source` says.
// Failure: throws lxr::error.
container_streams make_streams(unique_fd given, input_source source);

}  // namespace lxr::container
