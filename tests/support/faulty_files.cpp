// SPDX-License-Identifier: Apache-2.0
#include "tests/support/faulty_files.hpp"

#include <unistd.h>

#include <cerrno>

namespace lxr::test {
namespace {

int result(ssize_t n) { return n < 0 ? -errno : static_cast<int>(n); }

}  // namespace

task<int> faulty_files::write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  const file_fault fault = next();
  if (fault.code != 0) co_return -fault.code;
  // A file opened with O_DIRECT takes whole pages only.
  constexpr std::size_t page = 4096;
  std::size_t size = bytes.size();
  if (fault.is_short && size > page) size = size / 2 / page * page;
  co_return result(::pwrite(fd, bytes.data(), size, static_cast<off_t>(offset)));
}

task<int> faulty_files::read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) {
  const file_fault fault = next();
  if (fault.code != 0) co_return -fault.code;
  co_return result(::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
}

task<int> faulty_files::sync_once(int fd) {
  const file_fault fault = next();
  if (fault.code != 0) co_return -fault.code;
  co_return result(::fdatasync(fd));
}

}  // namespace lxr::test
