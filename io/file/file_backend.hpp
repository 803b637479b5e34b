#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"

namespace lxr::io::file {

// Reads and writes of open files, without blocking the loop: the one seam between the pipelines and the disk.
// Runs on: the loop's strand.  Cancel: an operation that began is waited for.
// Failure: throws error with errno's code; a short write is continued, a short read is an end of file.
class file_backend {
 public:
  virtual ~file_backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Writes all of `bytes` at `offset`; they must stay until it returns.
  virtual task<void> write(int fd, std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  // Returns the number of bytes read; 0 at end of file.
  virtual task<std::size_t> read(int fd, std::span<std::byte> bytes, std::uint64_t offset) = 0;
  // fdatasync(2)
  virtual task<void> sync(int fd) = 0;
};

enum class backend_choice { automatic, threads };

// io_uring where the kernel lets us, else the pool's threads with plain system calls.
std::unique_ptr<file_backend> select_backend(asio::any_io_executor executor, worker_pool& pool,
                                             backend_choice choice = backend_choice::automatic);

}  // namespace lxr::io::file
