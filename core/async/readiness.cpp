// SPDX-License-Identifier: Apache-2.0
#include "core/async/readiness.hpp"

#include <fcntl.h>
#include <poll.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <string>

#include "core/base/error.hpp"

namespace lxr {
namespace {

// Asio sets O_NONBLOCK at its first wait on a descriptor. We tell Asio that the descriptor is non-blocking already and
// then restore its flags: Asio does not change them again.
void keep_flags(asio::posix::stream_descriptor& descriptor, int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  boost::system::error_code ignored;
  descriptor.native_non_blocking(true, ignored);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags);
}

}  // namespace

readiness::readiness(const asio::any_io_executor& executor, int fd) : fd_(fd), descriptor_(executor) {
  boost::system::error_code failure;
  descriptor_.assign(fd, failure);
  if (!failure) keep_flags(descriptor_, fd);
  if (failure && failure.value() != ENOSPC && failure.value() != ENOMEM)
    throw_errno(failure.value(), "watch", "descriptor " + std::to_string(fd));
}

task<void> readiness::ask(int fd, short events, int other) {
  asio::steady_timer soon(co_await asio::this_coro::executor);
  for (;;) {
    co_await checkpoint();
    pollfd both[2] = {{fd, events, 0}, {other, events, 0}};
    if (::poll(both, 2, 0) > 0) co_return;
    soon.expires_after(std::chrono::milliseconds(20));
    co_await soon.async_wait(as_result);
  }
}

task<void> readiness::wait(asio::posix::descriptor_base::wait_type what) {
  co_await checkpoint();
  if (!descriptor_.is_open()) {
    co_await ask(fd_, what == asio::posix::descriptor_base::wait_read ? POLLIN : POLLOUT);
    co_return;
  }
  const auto [failure] = co_await descriptor_.async_wait(what, as_result);
  if (failure) throw cancelled(cancel_reason::shutdown);
}

task<void> readiness::either_readable(readiness& a, readiness& b) {
  constexpr auto read = asio::posix::descriptor_base::wait_read;
  co_await checkpoint();
  if (!a.descriptor_.is_open() || !b.descriptor_.is_open()) {
    co_await ask(a.fd_, POLLIN, b.fd_);
    co_return;
  }
  auto both = asio::experimental::make_parallel_group(a.descriptor_.async_wait(read, asio::deferred),
                                                      b.descriptor_.async_wait(read, asio::deferred));
  const auto [order, first, second] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (first && second) throw cancelled(cancel_reason::shutdown);
}

}  // namespace lxr
