// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace lxr {

// Lends memory to byte_blocks.
// Lifecycle: outlives the blocks it lends to.
// Runs on: the thread that destroys a block calls take_back().
class block_home {
 public:
  virtual ~block_home() = default;
  virtual void take_back(std::byte* data) noexcept = 0;
};

// A buffer that one stage of a pipeline hands to the next; its first size() bytes are filled.
// Lifecycle: write into room(), then grow() by the number of bytes written. A moved-from block is empty and has no
//   memory.
// Runs on: one thread at a time.
// Owns: memory aligned to 4,096 bytes, as O_DIRECT needs it; not cleared. It comes from the heap or from a block_home,
//   which the destructor gives it back to.
class byte_block {
  struct giver {
    giver() noexcept : home(nullptr) {}
    explicit giver(block_home* lender) noexcept : home(lender) {}
    void operator()(std::byte* p) const noexcept {
      if (home != nullptr) return home->take_back(p);
      ::operator delete[](p, std::align_val_t(alignment));
    }
    block_home* home;  // null: the memory comes from the heap
  };

 public:
  static constexpr std::size_t alignment = 4096;

  byte_block() = default;
  explicit byte_block(std::size_t capacity)
      : data_(new(std::align_val_t(alignment)) std::byte[capacity]), capacity_(capacity) {}
  byte_block(block_home& home, std::byte* data, std::size_t capacity)
      : data_(data, giver(&home)), capacity_(capacity) {}

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> room() noexcept { return {data_.get() + size_, capacity_ - size_}; }
  void grow(std::size_t by) noexcept { size_ += by; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::unique_ptr<std::byte[], giver> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lxr
