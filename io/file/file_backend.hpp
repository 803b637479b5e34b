// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/async/task.hpp"

namespace lxr::io::file {

// Reads and writes open files without blocking the loop; all file content that a pull writes or reads goes through it.
// Lifecycle: stateless between calls; outlives them.
// Runs on: the loop's strand.
// Borrows: the descriptor and the bytes of a call, until the call returns.
// Failure: throws lxr::error with errno's code. A short write is continued; a short read is an end of file.
// Cancel: terminal, before the operation begins; one that has begun is waited for.
class file_backend {
 public:
  virtual ~file_backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Writes all of `bytes` at byte `offset`.
  virtual task<void> write(int fd, std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  // Returns the number of bytes read from byte `offset`; 0 at end of file.
  virtual task<std::size_t> read(int fd, std::span<std::byte> bytes, std::uint64_t offset) = 0;
  // Makes the content durable: fdatasync(2).
  virtual task<void> sync(int fd) = 0;
};

}  // namespace lxr::io::file
