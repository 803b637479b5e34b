#pragma once

#include <vector>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/bytes.hpp"

namespace lxr {

// A fixed number of blocks of one size that many pipelines share: made once, handed out again and again, so that their
// pages, huge ones where the kernel has them, are faulted in once. Pages are used only as blocks are first written to.
// Lifecycle: outlives its blocks, which return by themselves when they are destroyed.
// Runs on: one strand, also for the destruction of blocks; their content may be touched anywhere.
// A pipeline that holds one block while it waits for input must not need another to give that one on: then a pool with
//   more blocks than pipelines cannot lock up.
// Cancel: terminal; no block is lost.
class block_pool final : block_home {
 public:
  block_pool(std::size_t count, std::size_t block_size);
  ~block_pool() override;
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  // An empty block; waits until one is free.
  task<byte_block> acquire();
  // The same for whoever cannot wait: when none is free, a block with memory of its own.
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
