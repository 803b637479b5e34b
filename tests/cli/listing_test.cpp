// SPDX-License-Identifier: Apache-2.0
#include "cli/print/listing.hpp"

#include <gtest/gtest.h>

namespace lxr::cli {
namespace {

TEST(human_duration, in_dockers_words) {
  constexpr std::int64_t second = 1'000'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  EXPECT_EQ(human_duration(0), "Less than a second");
  EXPECT_EQ(human_duration(second), "1 second");
  EXPECT_EQ(human_duration(59 * second), "59 seconds");
  EXPECT_EQ(human_duration(minute), "About a minute");
  EXPECT_EQ(human_duration(45 * minute), "45 minutes");
  EXPECT_EQ(human_duration(hour), "About an hour");
  EXPECT_EQ(human_duration(3 * hour), "3 hours");
  EXPECT_EQ(human_duration(3 * day), "3 days");
  EXPECT_EQ(human_duration(-5), "Less than a second");
}

TEST(table, pads_columns_to_the_widest_cell) {
  table t({"A", "B"});
  t.add({"wide cell", "x"});
  testing::internal::CaptureStdout();
  t.print();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "A           B\nwide cell   x\n");
}

TEST(shortened, keeps_whole_characters_and_says_that_something_is_missing) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab…");
  EXPECT_EQ(shortened("\xc3\xbc\xc3\xbc\xc3\xbc", 3), "\xc3\xbc\xc3\xbc\xc3\xbc");
  EXPECT_EQ(shortened("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 3), "\xc3\xbc\xc3\xbc…");
  EXPECT_EQ(shortened("", 3), "");
}

}  // namespace
}  // namespace lxr::cli
