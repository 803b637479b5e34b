// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "core/base/clock.hpp"

namespace lxr::layer {

// The limits for all layers of one pull together: a small blob can unpack to any size.
struct layer_limits {
  std::uint64_t bytes = std::uint64_t{256} << 30, members = 1'000'000;  // `bytes`: of all files
  std::uint64_t memory = std::uint64_t{128} << 20;  // bytes; for data about members, and for large windows of decoders
  // False when the user has set a limit: work and processor time are then unlimited.
  bool grows = true;
  bool memory_grows = true;  // false: the limit of memory does not grow with the bytes received
};

// Counts what all layers of one pull use, and refuses more than these limits. Where a limit grows, `received` is the
// number of compressed bytes received so far:
// - bytes of all files: layer_limits::bytes;
// - members: layer_limits::members;
// - work, which is unpacked bytes and what count_work() adds: 512 MiB + 2 KiB * received (one byte of gzip unpacks to
// at
//   most 1 KiB);
// - memory: layer_limits::memory + received / 4, of which at most 1 GiB is added;
// - processor time for members: 30 s + 8 µs * received (creating a file takes 20 to 50 µs).
// Lifecycle: outlives its memory_shares.
// Runs on: any thread; several at once.
// Failure: count_*() throw error{errc::exhausted} beyond the limit, naming the setting that allows more.
class pull_budget {
 public:
  explicit pull_budget(layer_limits limits = {}) noexcept : limits_(limits) {}
  pull_budget(const pull_budget&) = delete;
  pull_budget& operator=(const pull_budget&) = delete;

  void receive(std::uint64_t bytes) noexcept { received_ += bytes; }
  // Counts bytes that a layer unpacks to, or that are written besides (an index, a listing).
  void count_bytes(std::uint64_t more);
  // Counts work that takes about as long as writing that many bytes.
  void count_work(std::uint64_t bytes);
  void count_member();
  // Take back what was counted for a layer when another driver is to store it.
  void give_back_bytes(std::uint64_t bytes) noexcept { bytes_ -= bytes; }
  void give_back_members(std::uint64_t members) noexcept { members_ -= members; }
  // Counts processor time of the calling thread, in nanoseconds.
  void count_time(std::uint64_t nanoseconds);

  [[nodiscard]] std::uint64_t memory() const noexcept { return memory_; }
  // Both in bytes.
  [[nodiscard]] std::uint64_t memory_limit() const noexcept;

 private:
  friend class memory_share;
  bool take_memory(std::uint64_t more) noexcept;

  const layer_limits limits_;
  std::atomic<std::uint64_t> received_ = 0, bytes_ = 0, work_ = 0, members_ = 0, memory_ = 0, time_ = 0;
};

// The memory of a budget that one object uses.
// Lifecycle: the destructor gives it back.
// Runs on: any thread, one at a time.
// Borrows: the budget.
class memory_share {
 public:
  explicit memory_share(pull_budget& of) noexcept : budget_(&of) {}
  memory_share(memory_share&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  memory_share& operator=(memory_share&& other) noexcept;
  ~memory_share() { budget_->memory_ -= bytes_; }

  // Changes the share to `bytes`. Returns false and changes nothing when the budget has too little left.
  [[nodiscard]] bool try_set(std::uint64_t bytes) noexcept;
  // The same; throws error{errc::exhausted} that names `what`.
  void set(std::uint64_t bytes, const char* what);

 private:
  pull_budget* budget_;
  std::uint64_t bytes_ = 0;
};

// Counts the processor time that one layer's members take, on whichever thread they are written.
// Lifecycle: resume() on the thread before each group of members, tick() after each member.
// Runs on: one thread at a time; from resume() to tick() on the same one.
// Borrows: the budget.
class time_meter {
 public:
  explicit time_meter(pull_budget& of) noexcept : budget_(of) {}
  void resume() noexcept { last_ = thread_cpu_time_ns(); }
  void tick() {
    if (last_ == 0) return;  // resume() was never called: not measured
    const std::uint64_t before = last_;
    budget_.count_time((last_ = thread_cpu_time_ns()) - before);
  }

 private:
  pull_budget& budget_;
  std::uint64_t last_ = 0;  // nanoseconds
};

}  // namespace lxr::layer
