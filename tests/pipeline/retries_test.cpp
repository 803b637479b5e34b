// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/retries.hpp"

#include <gtest/gtest.h>

namespace lxr::transfer {
namespace {

using namespace std::chrono_literals;
using clock = retries::clock;

// Failures at times that the test chooses.
struct failing : testing::Test {
  retries attempts{{.attempts = 6, .first_delay = 200ms, .longest_delay = 1s, .longest_wait = 60s}};
  clock::time_point now = clock::time_point() + 1h;

  std::optional<std::chrono::milliseconds> fail(std::optional<std::chrono::seconds> asked = std::nullopt) {
    return attempts.next(asked, now);
  }
};

TEST_F(failing, delays_double_up_to_the_longest_and_up_to_half_is_subtracted) {
  for (const auto usual : {200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto delay = fail();
    ASSERT_TRUE(delay);
    EXPECT_LE(*delay, usual);
    EXPECT_GE(*delay, usual / 2);
  }
  EXPECT_FALSE(fail()) << "the sixth attempt was the last";
}

TEST_F(failing, progress_begins_anew) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fail());
  attempts.progressed();
  now += 1h;  // that passed since the first failure of the earlier attempts
  const auto delay = fail();
  ASSERT_TRUE(delay);
  EXPECT_LE(*delay, 200ms);
}

TEST_F(failing, what_the_registry_asks_for_counts_when_it_is_longer) {
  EXPECT_EQ(fail(7s), 7s);
  EXPECT_LE(*fail(0s), 400ms);
}

TEST_F(failing, it_is_given_up_when_the_registry_fails_or_asks_for_too_long) {
  EXPECT_FALSE(fail(61s)) << "more than the longest wait";
  EXPECT_FALSE(retries({}).next(std::chrono::seconds(366L * 24 * 3600), now));
  attempts.progressed();
  ASSERT_TRUE(fail());
  now += 59s;
  EXPECT_FALSE(fail(2s)) << "together more than the longest wait";
  attempts.progressed();
  ASSERT_TRUE(fail());
  now += 61s;
  EXPECT_FALSE(fail());
}

TEST_F(failing, time_that_passed_for_another_reason_is_excused) {
  ASSERT_TRUE(fail());
  now += 10min;
  attempts.excuse(10min);
  EXPECT_TRUE(fail());
}

}  // namespace
}  // namespace lxr::transfer
