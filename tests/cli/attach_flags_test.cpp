// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/attach_flags.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

TEST(detach_keys, are_the_bytes_a_terminal_sends) {
  EXPECT_EQ(parse_detach_keys("ctrl-p,ctrl-q"), "\x10\x11");
  EXPECT_EQ(parse_detach_keys("ctrl-@"), std::string(1, 0));
  EXPECT_EQ(parse_detach_keys("ctrl-a,x,ctrl-["), "\x01x\x1b");
  EXPECT_EQ(parse_detach_keys(""), "");
  for (const char* bad : {"ctrl-", "ctrl-1", "ab", ",", "ctrl-p,,a", "1"})
    EXPECT_THROW(parse_detach_keys(bad), error) << bad;
}

}  // namespace
}  // namespace lxr::cli
