// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/flag_values.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

std::string reason_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const error& e) {
    return e.reason();
  }
  return "";
}

TEST(parse_size, reads_what_docker_reads) {
  EXPECT_EQ(parse_size("0", "-m"), 0);
  EXPECT_EQ(parse_size("100", "-m"), 100);
  EXPECT_EQ(parse_size("100b", "-m"), 100);
  EXPECT_EQ(parse_size("512m", "-m"), 512 << 20);
  EXPECT_EQ(parse_size("1.5G", "-m"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_size("2GiB", "-m"), std::int64_t{2} << 30);
  EXPECT_EQ(parse_size("2 kb", "-m"), 2048);
  EXPECT_EQ(parse_size(".5k", "-m"), 512);
  EXPECT_EQ(parse_size("8191p", "-m"), std::int64_t{8191} << 50);
}

// Issue 11, 1.20 and 3.13: what is no size, or more than fits, is refused with the reason.
TEST(parse_size, refuses_the_rest_and_says_why) {
  for (const char* bad : {"", "m", "-1", "+1", " 1", "1x", "1mm", "1bb", "1ib", "1  m", "1e3", "0x10", "inf", "nan",
                          "1.2.3", "1m ", "1 "}) {
    EXPECT_EQ(reason_of([&] { parse_size(bad, "-m"); }), "a size is a number and b, k, m, g, t or p") << bad;
  }
  for (const std::string& bad : {std::string("8192p"), std::string("99999999t"), std::string(400, '9')}) {
    EXPECT_EQ(reason_of([&] { parse_size(bad, "-m"); }), "it is too large: the largest size is 8191p") << bad;
  }
}

TEST(parse_cpus, is_a_plain_number_in_a_range) {
  EXPECT_EQ(parse_cpus("0", "--cpus"), 0);
  EXPECT_EQ(parse_cpus("1.5", "--cpus"), 1.5);
  EXPECT_EQ(parse_cpus(".5", "--cpus"), 0.5);
  EXPECT_EQ(parse_cpus("4096", "--cpus"), 4096);
  for (const char* bad :
       {"", "0.001", "4096.1", "-1", "1x", "inf", "nan", "1e3", "0x1", "99999999999999999999999999"}) {
    EXPECT_EQ(reason_of([&] { parse_cpus(bad, "--cpus"); }),
              "it is a number of processors from 0.01 to 4096, or 0 for no limit")
        << bad;
  }
}

// Issue 11, 3.13: one with a line end added a line to /etc/hosts.
TEST(check_hostname, takes_names_of_rfc_1123) {
  for (const std::string& good : {std::string(), std::string("a"), std::string("web-1"), std::string("Box.example.com"),
                                  std::string("my_box"), std::string("0a"), std::string(63, 'a')}) {
    EXPECT_NO_THROW(check_hostname(good, "--hostname")) << good;
  }
  for (const std::string& bad :
       {std::string("a\n1.2.3.4 victim"), std::string("a b"), std::string("-a"), std::string("a-"), std::string("a..b"),
        std::string(".a"), std::string("a."), std::string("a\0b", 3), std::string("\xc3\xbc"), std::string(64, 'a'),
        std::string(40, 'a') + "." + std::string(40, 'a'), std::string("a/b"), std::string("=")}) {
    EXPECT_THROW(check_hostname(bad, "--hostname"), error) << bad;
  }
}

TEST(check_label, needs_a_name_without_blanks) {
  for (const char* good : {"a", "a=", "a=b c", "a.b/c=1"}) EXPECT_NO_THROW(check_label(good, "--label")) << good;
  for (const char* bad : {"", "=", "=x", "a b=c", "a\tb", " a"})
    EXPECT_THROW(check_label(bad, "--label"), error) << bad;
}

}  // namespace
}  // namespace lxr::cli
