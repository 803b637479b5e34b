#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <utility>

namespace lxr::layer {

// What all layers of one pull together may grow to; a small blob can unpack to anything.
struct layer_limits {
  std::uint64_t bytes = std::uint64_t{256} << 30, members = 1'000'000;
  std::uint64_t memory = std::uint64_t{128} << 20;  // of what is known about members, and of large windows of decoders
  // False when the user said what is allowed: then `bytes` and `members` alone count, not what was received.
  bool grows = true;
  bool memory_grows = true;  // the same of `memory`
};

// What one pull has taken of its limits, counted by all of its layers.
// Work grows with what was received: a pull may unpack to 512 MiB and 2 KiB for each byte received (gzip packs 1 KiB into a byte at
// most), may take a quarter of that, up to 1 GiB, of further memory, and its members may take 30 s of processor time and 8 s for each MiB received (creating a file takes 20 to 50 µs).
// Runs on: any threads.  Lifecycle: outlives its memory_shares.
// Failure: each count throws error{errc::exhausted}, which names the setting that allows more, once its limit is exceeded.
class pull_budget {
 public:
  explicit pull_budget(layer_limits limits = {}) noexcept : limits_(limits) {}
  pull_budget(const pull_budget&) = delete;
  pull_budget& operator=(const pull_budget&) = delete;

  void receive(std::uint64_t bytes) noexcept { received_ += bytes; }
  // Bytes that a layer unpacks to, or that are written beside these (an index, a listing).
  void count_bytes(std::uint64_t more);
  // Work that takes about as long as writing so many bytes.
  void count_work(std::uint64_t bytes);
  void count_member();
  // Of a layer that was given up, and is stored in another way.
  void give_back_bytes(std::uint64_t bytes) noexcept { bytes_ -= bytes; }
  void give_back_members(std::uint64_t members) noexcept { members_ -= members; }
  // Processor time that the calling thread spent on members.
  void count_time(std::uint64_t nanoseconds);

  [[nodiscard]] std::uint64_t memory() const noexcept { return memory_; }
  [[nodiscard]] std::uint64_t memory_limit() const noexcept;

 private:
  friend class memory_share;
  bool take_memory(std::uint64_t more) noexcept;

  const layer_limits limits_;
  std::atomic<std::uint64_t> received_ = 0, bytes_ = 0, work_ = 0, members_ = 0, memory_ = 0, time_ = 0;
};

// The memory of a budget that one object takes; given back with the object.
class memory_share {
 public:
  explicit memory_share(pull_budget& of) noexcept : budget_(&of) {}
  memory_share(memory_share&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  memory_share& operator=(memory_share&& other) noexcept;
  ~memory_share() { budget_->memory_ -= bytes_; }

  // Takes as much as it needs now; false, and unchanged, when the budget has not enough for more.
  [[nodiscard]] bool try_set(std::uint64_t bytes) noexcept;
  // The same; throws error{errc::exhausted} naming `what`.
  void set(std::uint64_t bytes, const char* what);

 private:
  pull_budget* budget_;
  std::uint64_t bytes_ = 0;
};

// Counts the processor time that one layer's members take, on whichever thread they are made.
// Lifecycle: resume() before each run of members, tick() behind each of them.
class time_meter {
 public:
  explicit time_meter(pull_budget& of) noexcept : budget_(of) {}
  void resume() noexcept { last_ = now(); }
  void tick() {
    if (last_ == 0) return;  // nobody measures
    const std::uint64_t before = last_;
    budget_.count_time((last_ = now()) - before);
  }

 private:
  static std::uint64_t now() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
  }
  pull_budget& budget_;
  std::uint64_t last_ = 0;
};

}  // namespace lxr::layer
