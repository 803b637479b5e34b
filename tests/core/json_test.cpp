// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr {
namespace {

TEST(json, checked_access_names_the_member_that_is_off) {
  const auto o = json::parse_object(R"({"a":"x","n":7,"l":["p","q"],"z":null})", "doc");
  EXPECT_EQ(json::get_string(o, "a"), "x");
  EXPECT_EQ(json::get_string(o, "z", "fallback"), "fallback");
  EXPECT_EQ(json::get_int(o, "n"), 7);
  EXPECT_EQ(json::get_strings(o, "l"), (std::vector<std::string>{"p", "q"}));
  EXPECT_THROW(json::get_string(o, "n"), error);
  EXPECT_THROW(json::get_strings(o, "a"), error);
}

TEST(json, refuses_broken_and_too_deep_documents) {
  EXPECT_THROW(json::parse("{", "doc"), error);
  EXPECT_THROW(json::parse(std::string(100, '[') + std::string(100, ']'), "doc"), error);
  EXPECT_THROW(json::parse_object("[]", "doc"), error);
  EXPECT_NO_THROW(json::parse(std::string(30, '[') + std::string(30, ']'), "doc"));
}

TEST(json, pretty_output_parses_back_to_the_same) {
  const auto v = json::parse(R"({"a":[1,{"b":"\"quoted\" \n"},[],{}],"c":true})", "doc");
  EXPECT_EQ(json::dump(json::parse(json::dump_pretty(v), "again")), json::dump(v));
}

// Issue 11, 1.20: U+009B alone begins what ESC [ begins.
TEST(json_text, no_control_byte_of_any_kind_is_printable) {
  EXPECT_EQ(json::printable("a\x7f\xc2\x9b"
                            "31m\x9b\xc2\xa0"),
            "a\\x7f\\xc2\\x9b31m\\x9b\xc2\xa0");
  EXPECT_EQ(json::escape_controls("\"a\x7f\xc2\x9b"
                                  "31m\x9b\xc2\xa0\""),
            "\"a\\u007f\\u009b31m\\\\x9b\xc2\xa0\"");
  EXPECT_TRUE(json::is_utf8("\xc2\xa0 a"));
  EXPECT_FALSE(json::is_utf8("a\x9b"));
}

TEST(json_text, printable_holds_any_bytes_and_parses_back) {
  EXPECT_EQ(json::printable("plain \xc3\xbc \xe2\x98\x83"), "plain \xc3\xbc \xe2\x98\x83");
  EXPECT_EQ(json::printable("a\xff\xfe\x1b[1m\n"), "a\\xff\\xfe\\x1b[1m\\x0a");
  EXPECT_EQ(json::printable("\xc0\xaf \xed\xa0\x80 \xe2\x98"), "\\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x98");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_NO_THROW(json::parse(json::dump(json::value(json::printable(all))), "text"));
}

// Issue 11, 1.14: a command line may hold any bytes; what others read is JSON all the same.
TEST(json, any_bytes_come_back_from_records_and_are_valid_for_others) {
  const json::object o{{"k", "a\xff\xc3\xa4"}};
  EXPECT_EQ(json::get_string(json::parse_record(json::dump(o), "record"), "k"), "a\xff\xc3\xa4");
  EXPECT_THROW(json::parse_object(json::dump(o), "outside"), error);
  EXPECT_EQ(json::get_string(json::parse_object(json::dump_line(o), "outside"), "k"), "a\\xff\xc3\xa4");
}

}  // namespace
}  // namespace lxr
