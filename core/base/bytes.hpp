#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace lxr {

// A block of bytes on its way through a pipeline: allocated once, page-aligned (as O_DIRECT wants it), not cleared, moved.
class byte_block {
 public:
  static constexpr std::size_t alignment = 4096;

  byte_block() = default;
  explicit byte_block(std::size_t capacity) : data_(new (std::align_val_t(alignment)) std::byte[capacity]), capacity_(capacity) {}

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] std::span<std::byte> room() noexcept { return {data_.get() + size_, capacity_ - size_}; }
  void grow(std::size_t by) noexcept { size_ += by; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  struct free_aligned {
    void operator()(std::byte* p) const noexcept { ::operator delete[](p, std::align_val_t(alignment)); }
  };
  std::unique_ptr<std::byte[], free_aligned> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lxr
