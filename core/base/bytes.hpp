// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace lxr {

// Who lends the memory of blocks and takes it back when they are destroyed.
class block_home {
 public:
  virtual ~block_home() = default;
  virtual void take_back(std::byte* data) noexcept = 0;
};

// A block of bytes on its way through a pipeline: page-aligned (as O_DIRECT wants it), not cleared, moved. Its memory
// is its own, or lent.
class byte_block {
  struct giver {
    giver() noexcept : home(nullptr) {}
    explicit giver(block_home* lender) noexcept : home(lender) {}
    void operator()(std::byte* p) const noexcept {
      if (home != nullptr) return home->take_back(p);
      ::operator delete[](p, std::align_val_t(alignment));
    }
    block_home* home;  // null: the memory is the block's own
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
