// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr::io::uring {

// An io_uring whose completions arrive on an Asio loop, through an eventfd. Source: io_uring(7).
// Lifecycle: make() creates it; each perform() is one operation. The destructor waits for the operations that the
//   kernel still works on, so that the kernel never touches a buffer after it.
// Runs on: the loop's strand.
// Owns: the ring and the eventfd.
// Borrows: the buffers of an operation, until its perform() returns.
// Failure: make() returns nullptr when the kernel has no io_uring or forbids it. perform() throws only lxr::cancelled;
//   what the operation or its submission failed with is its result.
// Cancel: terminal, while perform() waits for a free entry. A submitted operation is always waited for, because its
//   buffers belong to the kernel until then.
class ring {
 public:
  static std::unique_ptr<ring> make(const asio::any_io_executor& executor, unsigned entries = 64);
  ~ring();
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;

  // Submits the entry that `prepare` fills in. Returns the completion's result: what the system call would return, or
  // -errno.
  task<int> perform(std::function<void(io_uring_sqe*)> prepare);

 private:
  struct operation {
    bool done = false;
    int result = 0;
    waiter_list finished;
  };
  explicit ring(const asio::any_io_executor& executor) : event_(executor) {}
  void arm();
  void reap();

  io_uring ring_{};
  bool open_ = false, armed_ = false;
  asio::posix::stream_descriptor event_;
  unsigned in_flight_ = 0, entries_ = 0;
  waiter_list room_;
};

}  // namespace lxr::io::uring
