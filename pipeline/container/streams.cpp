// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/streams.hpp"

#include <fcntl.h>

#include "core/base/file.hpp"
#include "io/channel/pipe.hpp"

namespace lxr::container {
namespace {

// Its reader also holds it open for writing.
unique_fd endless_input() {
  const io::channel::pipe_ends p = io::channel::make_pipe();
  return file::open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(p.read.get()), O_RDWR);
}

}  // namespace

container_streams make_streams(unique_fd given, input_source source) {
  io::channel::pipe_ends output = io::channel::make_pipe(), errors = io::channel::make_pipe();
  container_streams out;
  out.theirs.input = given                             ? std::move(given)
                     : source == input_source::endless ? endless_input()
                                                       : file::open_at(AT_FDCWD, "/dev/null", O_RDONLY);
  out.theirs.output = std::move(output.write);
  out.theirs.errors = std::move(errors.write);
  out.output = std::move(output.read);
  out.errors = std::move(errors.read);
  return out;
}

}  // namespace lxr::container
