// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/suggestion.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lxr::cli {
namespace {

TEST(edit_distance, counts_letters_put_in_taken_out_exchanged_and_swapped) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("images", "imags"), 1u);
  EXPECT_EQ(edit_distance("imags", "images"), 1u);
  EXPECT_EQ(edit_distance("rum", "run"), 1u);
  EXPECT_EQ(edit_distance("satrt", "start"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(nearest, is_what_was_probably_meant_or_nothing) {
  const std::vector<std::string> commands{"run", "start", "stop", "images", "ps"};
  EXPECT_EQ(nearest("strat", commands), "start");
  EXPECT_EQ(nearest("image", commands), "images");
  EXPECT_EQ(nearest("sta", commands), "start");
  EXPECT_EQ(nearest("rn", commands), "run");
  for (const char* word : {"", "x", "zz", "frobnicate"}) EXPECT_EQ(nearest(word, commands), "") << word;
  EXPECT_EQ(nearest(std::string(100'000, 'a'), commands), "");
}

}  // namespace
}  // namespace lxr::cli
