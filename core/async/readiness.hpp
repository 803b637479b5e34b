#pragma once

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/async/task.hpp"

namespace lxr {

// Watches a borrowed descriptor for the life of this object; the descriptor's flags stay as they are.
// Cancel: terminal.
class readiness {
 public:
  readiness(asio::any_io_executor executor, int fd) : descriptor_(std::move(executor), fd) {}
  ~readiness() { static_cast<void>(descriptor_.release()); }
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;

  task<void> readable() { return wait(asio::posix::descriptor_base::wait_read); }
  task<void> writable() { return wait(asio::posix::descriptor_base::wait_write); }
  static task<void> either_readable(readiness& a, readiness& b) {
    constexpr auto read = asio::posix::descriptor_base::wait_read;
    co_await checkpoint();
    auto both = asio::experimental::make_parallel_group(a.descriptor_.async_wait(read, asio::deferred), b.descriptor_.async_wait(read, asio::deferred));
    const auto [order, first, second] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (first && second) throw cancelled(cancel_reason::shutdown);
  }

 private:
  task<void> wait(asio::posix::descriptor_base::wait_type what) {
    co_await checkpoint();
    const auto [failure] = co_await descriptor_.async_wait(what, as_result);
    if (failure) throw cancelled(cancel_reason::shutdown);
  }

  asio::posix::stream_descriptor descriptor_;
};

}  // namespace lxr
