// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "io/file/stepwise_backend.hpp"

namespace lxr::test {

// What happens to one operation instead of the system call. `code`: it fails with this errno. `short_write`: a write
// takes about half of its bytes, which is success; other operations are done as usual.
struct file_fault {
  static file_fault failure(int code) { return {code, false}; }
  static file_fault short_write() { return {0, true}; }
  int code = 0;
  bool is_short = false;
};

// A backend that does every operation at once, in the calling thread, and lets one of them go wrong: the same run fails
// at the same place each time. It works on the caller's descriptors, as the targets of layers read back what they
// wrote. Lifecycle: fail_at() before the operation that it is about; any number of times. Runs on: one thread.
class faulty_files final : public io::file::stepwise_backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "faulty"; }
  // Operations are counted from 0, since the last call of fail_at(); writes that are continued count again.
  void fail_at(std::size_t operation, file_fault how) {
    count_ = 0;
    place_ = operation;
    fault_ = how;
  }
  [[nodiscard]] std::size_t operations() const noexcept { return count_; }

 private:
  task<int> write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) override;
  task<int> read_some(int fd, std::span<std::byte> bytes, std::uint64_t offset) override;
  task<int> sync_once(int fd) override;
  // Returns the fault of the operation that begins now.
  file_fault next() noexcept { return place_ == count_++ && fault_ ? *fault_ : file_fault(); }

  std::size_t count_ = 0, place_ = 0;
  std::optional<file_fault> fault_;
};

}  // namespace lxr::test
