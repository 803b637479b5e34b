// SPDX-License-Identifier: Apache-2.0
// Security case 67: nothing from outside reaches the terminal as a command to it.
#include "cli/print/output.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "cli/print/exit_code.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace lxr::cli {
namespace {

const std::string hostile =
    "a\x1b]0;title\x07\x1b[2J\r\x08\x7f\xc2\x9b"
    "31m\x9b\xff\nb\tc";

// The streams of a test are pipes or files.
struct captured {
  std::string out, err;
};
captured capture(const std::function<void()>& what) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  what();
  flush_output();
  captured c;
  c.err = testing::internal::GetCapturedStderr();
  c.out = testing::internal::GetCapturedStdout();
  return c;
}

void expect_harmless(const std::string& text, std::size_t lines) {
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), lines) << text;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(byte == '\n' || (byte >= 0x20 && byte < 0x7f) || byte >= 0xc0 || byte == 0x80 || byte == 0xa6)
        << text << static_cast<int>(byte);  // "…" is e2 80 a6
  }
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
}

TEST(output, errors_notes_lines_and_tables_are_harmless) {
  const captured c = capture([] {
    print_line(hostile);
    print_note(hostile);
    print_error(hostile);
    report_failure(std::make_exception_ptr(error(errc::not_found, hostile, hostile, hostile, hostile)));
    table t({"A", "B"});
    t.add({hostile, shortened(hostile, 5)});
    t.add({"x", "y"});
    t.print();
  });
  expect_harmless(c.out, 4);
  expect_harmless(c.err, 3);
  EXPECT_TRUE(c.err.ends_with("\n"));
}

TEST(output, json_is_harmless_and_says_the_same) {
  const json::object o{{hostile, "x\x7f\xc2\x9b\x1b"}};
  const captured c = capture([&o] {
    print_json(o);
    print_json_pretty(o);
  });
  expect_harmless(c.out, 4);
  EXPECT_EQ(json::get_string(json::parse_object(c.out.substr(0, c.out.find('\n')), "output"), "nothing", "none"),
            "none");
  EXPECT_NE(c.out.find(R"("x\u007f\u009b\u001b")"), std::string::npos) << c.out;
}

TEST(output, progress_messages_and_timelines_are_harmless) {
  const captured c = capture([] {
    terminal_events events;
    const auto now = event_sink::clock::now();
    events.layer_progress(hostile, hostile, 1, 2);
    events.layer_progress(hostile, "done", 2'000'000, 2'000'000);
    events.message(hostile);
    events.span(hostile, hostile, now, now);
    events.show(true, "");
  });
  expect_harmless(c.err, 5);
  EXPECT_NE(c.err.find(": pulled 2.00MB\n"), std::string::npos) << c.err;
}

// Issue 11, 3.14: without a terminal, one line for each layer, with its size.
TEST(output, piped_progress_is_a_line_for_each_layer) {
  const captured c = capture([] {
    terminal_events events;
    for (const char* phase : {"pulling", "pulling", "done", "done"})
      events.layer_progress("aaaa", phase, 1'500'000, 1'500'000);
    events.layer_progress("bbbb", "present", 7'000, 7'000);
    events.pull_ended();
  });
  EXPECT_EQ(c.err, "aaaa: pulled 1.50MB\nbbbb: already here, 7.00kB\n");
}

}  // namespace
}  // namespace lxr::cli
