// SPDX-License-Identifier: Apache-2.0
// Issue 11, 3.8: lines are counted, not pieces, and times stand where lines begin.
#include "cli/print/log_view.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lxr::cli {
namespace {

struct shown {
  std::string out, err;
  log_view::sink sink() {
    return [this](std::string_view bytes, bool is_error_stream) { (is_error_stream ? err : out) += bytes; };
  }
};

const std::vector<std::string> records{
    "T1 stdout F one", "T2 stdout P tw", "T3 stderr P er",  "T4 stdout P o",  "T5 stderr F ror",
    "T6 stdout F ",    "T7 stdout F ",   "T8 stdout P thr", "T9 stdout P ee",
};

shown view_of(bool timestamps, std::optional<std::size_t> tail, const std::vector<std::string>& later = {}) {
  shown s;
  log_view view(timestamps, tail, s.sink());
  for (const std::string& r : records) view.add(r);
  view.end_of_old();
  for (const std::string& r : later) view.add(r);
  return s;
}

TEST(log_view, shows_everything_byte_for_byte) {
  const shown s = view_of(false, std::nullopt);
  EXPECT_EQ(s.out, "one\ntwo\n\nthree");
  EXPECT_EQ(s.err, "error\n");
}

TEST(log_view, times_stand_only_where_lines_begin) {
  const shown s = view_of(true, std::nullopt, {"TA stdout F !", "TB stdout F next"});
  EXPECT_EQ(s.out, "T1 one\nT2 two\nT7 \nT8 three!\nTB next\n");
  EXPECT_EQ(s.err, "T3 error\n");
}

TEST(log_view, the_tail_counts_lines_of_all_streams) {
  EXPECT_EQ(view_of(false, 0).out, "");
  EXPECT_EQ(view_of(false, 1).out, "three");
  EXPECT_EQ(view_of(false, 2).out, "\nthree");
  EXPECT_EQ(view_of(false, 2).err, "");
  EXPECT_EQ(view_of(false, 3).out, "\nthree");
  EXPECT_EQ(view_of(false, 3).err, "error\n");
  EXPECT_EQ(view_of(false, 4).out, "two\n\nthree");
  EXPECT_EQ(view_of(false, 99).out, "one\ntwo\n\nthree");
}

TEST(log_view, what_comes_after_the_tail_is_all_shown) {
  EXPECT_EQ(view_of(true, 1, {"TA stdout F !", "TB stdout F next"}).out, "T8 three!\nTB next\n");
  EXPECT_EQ(view_of(true, 0, {"TA stdout F !", "TB stdout F next"}).out, "!\nTB next\n");
}

TEST(log_view, what_is_no_record_is_left_out) {
  shown s;
  log_view view(false, std::nullopt, s.sink());
  view.add("");
  view.add("x");
  EXPECT_EQ(s.out, "");
}

}  // namespace
}  // namespace lxr::cli
