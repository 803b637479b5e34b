// SPDX-License-Identifier: Apache-2.0
#include "core/async/block_pool.hpp"

#include <sys/mman.h>

#include <new>

namespace lxr {

block_pool::block_pool(std::size_t count, std::size_t block_size) : block_size_(block_size) {
  void* const memory =
      ::mmap(nullptr, count * block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = {static_cast<std::byte*>(memory), count * block_size};
  static_cast<void>(::madvise(memory, memory_.size(), MADV_HUGEPAGE));
  free_.reserve(count);
  // free_ is a stack: the lowest blocks are handed out again and again, so that a small pull touches little memory.
  for (std::size_t i = count; i > 0; --i) free_.push_back(memory_.data() + (i - 1) * block_size);
}

block_pool::~block_pool() { ::munmap(memory_.data(), memory_.size()); }

task<byte_block> block_pool::acquire() {
  while (free_.empty()) co_await waiters_.wait();
  co_return acquire_now();
}

byte_block block_pool::acquire_now() {
  if (free_.empty()) return byte_block(block_size_);
  byte_block block(*this, free_.back(), block_size_);
  free_.pop_back();
  return block;
}

void block_pool::take_back(std::byte* data) noexcept {
  free_.push_back(data);
  waiters_.notify_one();
}

}  // namespace lxr
