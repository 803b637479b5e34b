// SPDX-License-Identifier: Apache-2.0
#include "io/file/select_backend.hpp"

#include <unistd.h>

#include <cerrno>

#include "io/file/stepwise_backend.hpp"
#include "io/uring/ring.hpp"

namespace lxr::io::file {
namespace {

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
