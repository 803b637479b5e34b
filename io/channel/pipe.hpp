// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::io::channel {

struct pipe_ends {
  unique_fd read, write;
};

// A pipe(7); both ends close-on-exec.
inline pipe_ends make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("create", "pipe");
  return {unique_fd(fds[0]), unique_fd(fds[1])};
}

// The same; write(2) to it returns EAGAIN while the pipe is full.
inline pipe_ends make_pipe_with_nonblocking_writes() {
  pipe_ends made = make_pipe();
  ::fcntl(made.write.get(), F_SETFL, O_NONBLOCK);
  return made;
}

}  // namespace lxr::io::channel
