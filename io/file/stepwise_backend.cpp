// SPDX-License-Identifier: Apache-2.0
#include "io/file/stepwise_backend.hpp"

#include <cerrno>

#include "core/base/error.hpp"

namespace lxr::io::file {

task<void> stepwise_backend::write(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const int put = co_await write_some(fd, bytes, offset);
    if (put == -EINTR || put == -EAGAIN) continue;
    if (put <= 0) throw_errno(put == 0 ? ENOSPC : -put, "write to", "file");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
}

task<std::size_t> stepwise_backend::read(int fd, std::span<std::byte> bytes, std::uint64_t offset) {
  for (;;) {
    const int got = co_await read_some(fd, bytes, offset);
    if (got == -EINTR || got == -EAGAIN) continue;
    if (got < 0) throw_errno(-got, "read from", "file");
    co_return static_cast<std::size_t>(got);
  }
}

task<void> stepwise_backend::sync(int fd) {
  const int done = co_await sync_once(fd);
  if (done < 0) throw_errno(-done, "write to disk", "file");
}

}  // namespace lxr::io::file
