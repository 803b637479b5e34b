// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

namespace lxr::transfer {

// How long a failing request is tried again.
struct patience {
  int attempts = 6;                            // of one request, or of a transfer without progress
  std::chrono::milliseconds first_delay{200};  // doubled each time; a random part of up to half is subtracted
  std::chrono::milliseconds longest_delay{10'000};
  std::chrono::milliseconds longest_wait{60'000};  // give up when the registry asks for more, or fails for longer
};

// Counts the attempts of one request and computes the delays between them.
// Lifecycle: one request or transfer.  Runs on: one thread at a time.  Owns: the counts.
class retries {
 public:
  using clock = std::chrono::steady_clock;

  explicit retries(patience limits) : limits_(limits) {}

  // Called after a failure. Returns the time to wait before the next attempt; nullopt: give up. `asked`: the time that
  // the registry asks for, if any. `now`: the time of the failure.
  std::optional<std::chrono::milliseconds> next(std::optional<std::chrono::seconds> asked, clock::time_point now);
  // Does not count time that passed for another reason than the registry's failing.
  void excuse(clock::duration waited) noexcept { since_ += waited; }
  // Bytes have come: counts attempts from 0 again.
  void progressed() noexcept;

 private:
  patience limits_;
  int failures_ = 0;
  clock::time_point since_;  // of the first failure
};

}  // namespace lxr::transfer
