#pragma once

#include <chrono>
#include <optional>

namespace lxr::transfer {

// How long a request that fails is tried again.
struct patience {
  int attempts = 6;                             // of one request, or of a transfer that makes no progress
  std::chrono::milliseconds first_delay{200};   // twice as long each time; a random part of up to half is taken off
  std::chrono::milliseconds longest_delay{10'000};
  std::chrono::milliseconds longest_wait{60'000};  // a registry that asks for more, or fails for longer, is given up
};

// The attempts of one request.  Runs on: any thread.
class retries {
 public:
  using clock = std::chrono::steady_clock;

  explicit retries(patience limits) : limits_(limits) {}

  // Called after a failure: the time to let pass before the next attempt; empty: give up. `asked`: by the registry.
  std::optional<std::chrono::milliseconds> next(std::optional<std::chrono::seconds> asked);
  // Time that passed for another reason than a failing registry.
  void excuse(clock::duration waited) noexcept { since_ += waited; }
  // Something came: the count begins anew.
  void progressed() noexcept;

 private:
  patience limits_;
  int failures_ = 0;
  clock::time_point since_;  // of the first failure
};

}  // namespace lxr::transfer
