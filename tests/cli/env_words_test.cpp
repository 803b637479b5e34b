// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/env_words.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

// Issue 11, 3.12: what docker's reader makes of the same bytes.
TEST(env_file, is_read_as_docker_reads_it) {
  ::setenv("LXR_TEST_SET", "here", 1);
  ::unsetenv("LXR_TEST_UNSET");
  const std::string text =
      "\xef\xbb\xbf"
      "FIRST=1\r\n"
      "  \t\xc2\xa0LEADING=2\n"
      "\r\n\n   \n# comment\n  # comment too\n"
      "TRAILING= blanks are kept \t\r\n"
      "QUOTES=\"as they are\"\n"
      "HASH=a#b\n"
      "EMPTY=\n"
      "MORE=a=b\n"
      "LXR_TEST_SET\n"
      "LXR_TEST_UNSET\n"
      "UTF8=\xc3\xbc\n"
      "LAST=no line end";
  EXPECT_EQ(parse_env_file(text, "f"),
            (words{"FIRST=1", "LEADING=2", "TRAILING= blanks are kept \t", "QUOTES=\"as they are\"", "HASH=a#b",
                   "EMPTY=", "MORE=a=b", "LXR_TEST_SET=here", "UTF8=\xc3\xbc", "LAST=no line end"}));
  EXPECT_EQ(parse_env_file("", "f"), words{});
}

TEST(env_file, lines_without_a_usable_name_are_refused_with_their_place) {
  for (const char* bad : {"A=1\n=x\n", "A=1\nTWO WORDS=x\n", "A=1\nBLANK =x\n", "A=1\nTAB\tBED\n", "A=1\nB=\xff\n",
                          "A=1\nexport B=1\n", "A=1\nLXR_TEST_SET \n"}) {
    try {
      parse_env_file(bad, "file");
      FAIL() << bad;
    } catch (const error& e) {
      EXPECT_EQ(e.subject(), "\"file:2\"") << e.what();
    }
  }
  EXPECT_THROW(parse_env_file(std::string("A=\0b\n", 5), "file"), error);
}

TEST(environment, files_come_first_and_words_copy_or_set) {
  const test::temp_directory dir;
  const std::string path = dir.path() + "/env";
  std::ofstream(path) << "A=file\nB=file\n";
  ::setenv("LXR_TEST_SET", "here", 1);
  ::unsetenv("LXR_TEST_UNSET");
  EXPECT_EQ(environment_of({path}, {"A=word", "LXR_TEST_SET", "LXR_TEST_UNSET", "EMPTY="}),
            (words{"A=file", "B=file", "A=word", "LXR_TEST_SET=here", "EMPTY="}));
  EXPECT_THROW(environment_of({}, {""}), error);
  EXPECT_THROW(environment_of({}, {"=x"}), error);
  EXPECT_THROW(environment_of({dir.path() + "/nothing"}, {}), error);
}

}  // namespace
}  // namespace lxr::cli
