#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/async/task.hpp"

namespace lxr {

// Watches a borrowed descriptor for the life of this object. The descriptor's flags stay as they are: whoever reads or writes
// it, here or in another process that shares it, decides for itself whether that blocks.
// Failure: the constructor throws errc::exhausted when the kernel watches no more descriptors (fs.epoll.max_user_watches),
//   else lxr::error with the kernel's reason.
// Cancel: terminal.
class readiness {
 public:
  readiness(asio::any_io_executor executor, int fd);
  ~readiness() { static_cast<void>(descriptor_.release()); }
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;

  task<void> readable() { return wait(asio::posix::descriptor_base::wait_read); }
  task<void> writable() { return wait(asio::posix::descriptor_base::wait_write); }
  static task<void> either_readable(readiness& a, readiness& b);

 private:
  task<void> wait(asio::posix::descriptor_base::wait_type what);

  asio::posix::stream_descriptor descriptor_;
};

}  // namespace lxr
