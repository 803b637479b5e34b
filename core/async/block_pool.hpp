// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/bytes.hpp"

namespace lxr {

// A fixed number of memory blocks of one size, mapped once and shared by many pipelines. Reuse means that the kernel
// faults each page in once; it uses huge pages where it has them. A page takes memory only once a block is first
// written to.
// Lifecycle: the pool outlives its blocks; a block returns to the pool when it is destroyed.
// Runs on: one strand, which also destroys the blocks. Any thread may read and write the content of a block.
// Owns: the mapping of count * block_size bytes.
// Order: a pipeline that holds one block while it waits for input must not need a second block to pass the first one
//   on. Then a pool of more blocks than pipelines cannot deadlock.
// Failure: the constructor throws std::bad_alloc; acquire() throws only lxr::cancelled.
// Cancel: terminal; no block is lost.
class block_pool final : block_home {
 public:
  block_pool(std::size_t count, std::size_t block_size);
  ~block_pool() override;
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  // Returns an empty block; waits until one is free.
  task<byte_block> acquire();
  // Like acquire(), for callers that cannot wait: with no block free, returns a block with heap memory of its own, or
  // throws std::bad_alloc.
  byte_block acquire_now();
  [[nodiscard]] std::span<std::byte> memory() const noexcept { return memory_; }
  [[nodiscard]] std::size_t available() const noexcept { return free_.size(); }

 private:
  void take_back(std::byte* data) noexcept override;

  std::size_t block_size_;
  std::span<std::byte> memory_;
  std::vector<std::byte*> free_;
  waiter_list waiters_;
};

}  // namespace lxr
