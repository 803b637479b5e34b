#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/async/task.hpp"

namespace lxr {

// Watches a borrowed descriptor for the life of this object. The descriptor's flags stay as they are: whoever reads or writes
// it, here or in another process that shares it, decides for itself whether that blocks.
// Where the kernel watches no more descriptors (fs.epoll.max_user_watches) it is asked again and again instead (poll(2)), every
// 20 ms: slower, but no container goes without supervision for it.
// Failure: the constructor throws lxr::error with the kernel's reason for any other refusal.
// Cancel: terminal.
class readiness {
 public:
  readiness(asio::any_io_executor executor, int fd);
  ~readiness() {
    if (descriptor_.is_open()) static_cast<void>(descriptor_.release());
  }
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;

  task<void> readable() { return wait(asio::posix::descriptor_base::wait_read); }
  task<void> writable() { return wait(asio::posix::descriptor_base::wait_write); }
  static task<void> either_readable(readiness& a, readiness& b);

 private:
  task<void> wait(asio::posix::descriptor_base::wait_type what);

  static task<void> ask(int fd, short events, int other = -1);

  int fd_;
  asio::posix::stream_descriptor descriptor_;  // closed: the descriptor is asked about
};

}  // namespace lxr
