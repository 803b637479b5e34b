// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/file/file_backend.hpp"

namespace lxr::io::file {

// What backends share whose operations are like system calls: it continues short writes, repeats what a signal
// interrupted, and turns results into errors.
// Lifecycle, Runs on, Borrows, Failure, Cancel: as file_backend.
class stepwise_backend : public file_backend {
 public:
  task<void> write(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override;
  task<std::size_t> read(int fd, std::span<std::byte> bytes, std::uint64_t offset) override;
  task<void> sync(int fd) override;

 protected:
  // pwrite(2), pread(2) and fdatasync(2): each returns what the call returns, or the negative of its errno.
  virtual task<int> write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  virtual task<int> read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) = 0;
  virtual task<int> sync_once(int fd) = 0;
};

}  // namespace lxr::io::file
