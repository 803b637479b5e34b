#include "core/async/readiness.hpp"

#include <fcntl.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <cerrno>
#include <string>

#include "core/base/error.hpp"

namespace lxr {
namespace {

[[noreturn]] void cannot_watch(int fd, const boost::system::error_code& why) {
  const std::string subject = "descriptor " + std::to_string(fd);
  if (why.value() == ENOSPC) {
    throw error(errc::exhausted, "watch", subject, "the kernel's limit of watched descriptors is reached", "raise fs.epoll.max_user_watches");
  }
  throw_errno(why.value(), "watch", subject);
}

// Asio makes a descriptor non-blocking at its first wait. Told that it is, it never touches the flags again.
void keep_flags(asio::posix::stream_descriptor& descriptor, int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  boost::system::error_code ignored;
  descriptor.native_non_blocking(true, ignored);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags);
}

}  // namespace

readiness::readiness(asio::any_io_executor executor, int fd) : descriptor_(std::move(executor)) {
  boost::system::error_code failure;
  descriptor_.assign(fd, failure);
  if (failure) cannot_watch(fd, failure);
  keep_flags(descriptor_, fd);
}

task<void> readiness::wait(asio::posix::descriptor_base::wait_type what) {
  co_await checkpoint();
  const auto [failure] = co_await descriptor_.async_wait(what, as_result);
  if (failure) throw cancelled(cancel_reason::shutdown);
}

task<void> readiness::either_readable(readiness& a, readiness& b) {
  constexpr auto read = asio::posix::descriptor_base::wait_read;
  co_await checkpoint();
  auto both = asio::experimental::make_parallel_group(a.descriptor_.async_wait(read, asio::deferred), b.descriptor_.async_wait(read, asio::deferred));
  const auto [order, first, second] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (first && second) throw cancelled(cancel_reason::shutdown);
}

}  // namespace lxr
