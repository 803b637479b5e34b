// SPDX-License-Identifier: Apache-2.0
// Issue 11, 2.12 and 3.14: progress never wraps and never scrolls, and says rate, total and estimate.
#include "cli/print/progress_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lxr::cli {
namespace {

using std::chrono::milliseconds;
constexpr std::uint64_t mb = 1'000'000;

struct progress : testing::Test {
  progress_view view_;
  progress_view::time_point now_{};
  void at(int ms) { now_ = progress_view::time_point(milliseconds(ms)); }
  bool update(int layer, const char* phase, std::uint64_t done, std::uint64_t total) {
    return view_.update("layer" + std::to_string(layer), phase, done, total, now_);
  }
  std::string last(std::size_t rows = 24, std::size_t columns = 80) { return view_.lines(rows, columns).back(); }
};

TEST_F(progress, a_line_for_each_layer_and_one_for_the_whole) {
  EXPECT_TRUE(update(1, "pulling", 0, 10 * mb));
  EXPECT_FALSE(update(1, "pulling", 5 * mb, 10 * mb));
  EXPECT_TRUE(update(2, "present", 3 * mb, 3 * mb));
  const auto lines = view_.lines(24, 80);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "layer1       pulling  [===============               ] 5.00MB/10.0MB");
  EXPECT_EQ(lines[1], "layer2       present  [==============================] 3.00MB");
  EXPECT_EQ(lines[2], "1/2 layers  5.00MB/10.0MB  50%");  // what was there is nothing to wait for
}

TEST_F(progress, rate_and_estimate_are_of_the_last_seconds) {
  update(1, "pulling", 0, 100 * mb);
  for (int i = 1; i <= 100; ++i) {
    at(100 * i);
    update(1, "pulling", static_cast<std::uint64_t>(i) * mb / 2, 100 * mb);
  }
  EXPECT_EQ(last(), "0/1 layers  50.0MB/100MB  50%  5.00MB/s  10s left");
  update(1, "done", 100 * mb, 100 * mb);
  EXPECT_EQ(last(), "1/1 layers  100MB/100MB  100%");
}

TEST_F(progress, fits_every_terminal) {
  for (int i = 0; i < 60; ++i) update(i, i % 3 == 0 ? "done" : "pulling", 123'456'789, 999'999'999'999);
  for (std::size_t rows = 1; rows < 80; ++rows) {
    for (const std::size_t columns : {1u, 2u, 10u, 30u, 40u, 60u, 80u, 300u}) {
      const auto lines = view_.lines(rows, columns);
      EXPECT_LT(lines.size(), std::max<std::size_t>(rows, 2)) << rows;
      for (const std::string& line : lines) EXPECT_LT(line.size(), columns) << line;
    }
  }
}

TEST_F(progress, what_does_not_fit_is_left_out_and_still_counted) {
  for (int i = 0; i < 60; ++i) update(i, i < 30 ? "done" : "pulling", i < 30 ? mb : 0, mb);
  const auto lines = view_.lines(10, 80);
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_EQ(lines.front().substr(0, 20), "layer30      pulling");  // those on their way
  EXPECT_EQ(lines.back(), "30/60 layers  30.0MB/60.0MB  50%");
  EXPECT_EQ(view_.lines(62, 80).size(), 61u);
}

TEST_F(progress, absurd_numbers_harm_nothing) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  at(0);
  update(1, "pulling", most, 0);
  at(1000);
  update(2, "pulling", most, most);
  update(3, "pulling", 0, most);
  for (int i = 0; i < 10'000; ++i) update(i, "pulling", 0, 1);
  EXPECT_EQ(view_.lines(24, 60).size(), 23u);
}

TEST(human_time_left, in_two_units) {
  EXPECT_EQ(human_time_left(0), "0s");
  EXPECT_EQ(human_time_left(8.2), "9s");
  EXPECT_EQ(human_time_left(200), "3m 20s");
  EXPECT_EQ(human_time_left(7500), "2h 5m");
  EXPECT_EQ(human_time_left(1e12), "days");
}

TEST(human_size, in_powers_of_1000) {
  EXPECT_EQ(human_size(0), "0B");
  EXPECT_EQ(human_size(999), "999B");
  EXPECT_EQ(human_size(1500), "1.50kB");
  EXPECT_EQ(human_size(573'000'000), "573MB");
}

}  // namespace
}  // namespace lxr::cli
