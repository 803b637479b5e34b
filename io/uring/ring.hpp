#pragma once

#include <liburing.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr::io::uring {

// An io_uring whose completions arrive on an Asio loop, through an eventfd. Source: io_uring(7).
// Lifecycle: make() probes by creating the ring; empty when the kernel has none or forbids it. Operations are awaited one
//   by one; the destructor waits for those the kernel still works on, so buffers may never be touched after it.
// Runs on: the loop's strand.
// Cancel: an operation that was submitted is always waited for: its buffer belongs to the kernel until then.
class ring {
 public:
  static std::unique_ptr<ring> make(asio::any_io_executor executor, unsigned entries = 64);
  ~ring();
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;

  // Submits what `prepare` puts into the entry, and returns the completion's result: as the system call's, or -errno.
  task<int> perform(std::function<void(io_uring_sqe*)> prepare);

 private:
  struct operation {
    bool done = false;
    int result = 0;
    waiter_list finished;
  };
  explicit ring(asio::any_io_executor executor) : event_(std::move(executor)) {}
  void arm();
  void reap();

  io_uring ring_{};
  bool open_ = false, armed_ = false;
  asio::posix::stream_descriptor event_;
  unsigned in_flight_ = 0, entries_ = 0;
  waiter_list room_;
};

}  // namespace lxr::io::uring
