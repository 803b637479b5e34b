// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <cstdint>
#include <string>

namespace lxr {

// Deadlines and durations are measured with std::chrono::steady_clock, times in records and logs with this clock.

// Returns the time since 1970 in nanoseconds; it jumps when the host's clock is set.
inline std::int64_t unix_time_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A Unix time in nanoseconds as RFC 3339 in UTC, with all nine digits: "2023-11-14T22:13:20.000000007Z".
std::string format_time(std::int64_t unix_ns);

// Returns the processor time that this thread has used, in nanoseconds.
inline std::uint64_t thread_cpu_time_ns() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
}

}  // namespace lxr
