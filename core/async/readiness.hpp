// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/async/task.hpp"

namespace lxr {

// Waits until a borrowed descriptor can be read or written.
// Lifecycle: watches from construction to destruction; closes nothing.
// Runs on: the strand of `executor`.
// Borrows: the descriptor, which must stay open as long as this object lives. Its flags stay unchanged (Asio would set
//   O_NONBLOCK), because other processes may share it.
// Limits: when epoll refuses the descriptor (ENOSPC at fs.epoll.max_user_watches, or ENOMEM), each wait calls poll(2)
//   every 20 ms instead, so that a monitor can still supervise all of its containers.
// Failure: the constructor throws lxr::error with the kernel's errno for any other refusal. The waits throw only
//   lxr::cancelled, also for an error that epoll reports.
// Cancel: terminal; nothing is left behind.
class readiness {
 public:
  readiness(const asio::any_io_executor& executor, int fd);
  ~readiness() {
    if (descriptor_.is_open()) static_cast<void>(descriptor_.release());
  }
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;

  task<void> readable() { return wait(asio::posix::descriptor_base::wait_read); }
  task<void> writable() { return wait(asio::posix::descriptor_base::wait_write); }
  // Returns when the descriptor has an error or is closed in both directions (EPOLLERR, EPOLLHUP).
  task<void> broken() { return wait(asio::posix::descriptor_base::wait_error); }
  // Returns when the descriptor of `a`, of `b`, or of both can be read.
  static task<void> either_readable(readiness& a, readiness& b);

 private:
  task<void> wait(asio::posix::descriptor_base::wait_type what);

  // Polls `fd` and, unless it is -1, `other` every 20 ms until one has an event.
  static task<void> ask(int fd, short events, int other = -1);

  int fd_;
  asio::posix::stream_descriptor descriptor_;  // not open: the kernel refused to watch; ask() polls fd_
};

}  // namespace lxr
