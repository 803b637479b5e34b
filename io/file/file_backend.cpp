// SPDX-License-Identifier: Apache-2.0
#include "io/file/file_backend.hpp"

#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "io/uring/ring.hpp"

namespace lxr::io::file {
namespace {

// What both backends share: it continues short writes and turns results into errors.
// Runs on: the loop's strand.
class stepwise_backend : public file_backend {
 public:
  task<void> write(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override {
    while (!bytes.empty()) {
      const int put = co_await write_some(fd, bytes, offset);
      if (put == -EINTR || put == -EAGAIN) continue;
      if (put <= 0) throw_errno(put == 0 ? ENOSPC : -put, "write to", "file");
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
  }
  task<std::size_t> read(int fd, std::span<std::byte> bytes, std::uint64_t offset) override {
    for (;;) {
      const int got = co_await read_some(fd, bytes, offset);
      if (got == -EINTR || got == -EAGAIN) continue;
      if (got < 0) throw_errno(-got, "read from", "file");
      co_return static_cast<std::size_t>(got);
    }
  }
  task<void> sync(int fd) override {
    const int done = co_await sync_once(fd);
    if (done < 0) throw_errno(-done, "write to disk", "file");
  }

 protected:
  virtual task<int> write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  virtual task<int> read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) = 0;
  virtual task<int> sync_once(int fd) = 0;
};

class uring_backend final : public stepwise_backend {
 public:
  explicit uring_backend(std::unique_ptr<uring::ring> ring) : ring_(std::move(ring)) {}
  [[nodiscard]] std::string_view name() const override { return "io_uring"; }

 private:
  task<int> write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override {
    return ring_->perform([=](io_uring_sqe* entry) {
      ::io_uring_prep_write(entry, fd, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
    });
  }
  task<int> read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) override {
    return ring_->perform([=](io_uring_sqe* entry) {
      ::io_uring_prep_read(entry, fd, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
    });
  }
  task<int> sync_once(int fd) override {
    return ring_->perform([=](io_uring_sqe* entry) { ::io_uring_prep_fsync(entry, fd, IORING_FSYNC_DATASYNC); });
  }

  std::unique_ptr<uring::ring> ring_;
};

class thread_backend final : public stepwise_backend {
 public:
  explicit thread_backend(worker_pool& pool) : pool_(pool) {}
  [[nodiscard]] std::string_view name() const override { return "threads"; }

 private:
  static int result(ssize_t n) { return n < 0 ? -errno : static_cast<int>(n); }

  task<int> write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override {
    return offload(pool_, [=] { return result(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset))); });
  }
  task<int> read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) override {
    return offload(pool_, [=] { return result(::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset))); });
  }
  task<int> sync_once(int fd) override {
    return offload(pool_, [=] { return result(::fdatasync(fd)); });
  }

  worker_pool& pool_;
};

}  // namespace

std::unique_ptr<file_backend> select_backend(const asio::any_io_executor& executor, worker_pool& pool,
                                             backend_choice choice) {
  if (choice == backend_choice::automatic) {
    if (auto ring = uring::ring::make(executor)) return std::make_unique<uring_backend>(std::move(ring));
  }
  return std::make_unique<thread_backend>(pool);
}

}  // namespace lxr::io::file
