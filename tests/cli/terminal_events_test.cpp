// SPDX-License-Identifier: Apache-2.0
// Issue 11, 2.12 and 3.14: bars on a real terminal that is smaller than they would like.
#include "cli/print/terminal_events.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "core/base/unique_fd.hpp"
#include "io/tty/terminal.hpp"

namespace lxr::cli {
namespace {

constexpr unsigned short rows = 12, columns = 60;

// What `show` writes to standard error while that is a terminal of this size.
std::string on_a_terminal(const std::function<void()>& show) {
  const unique_fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  EXPECT_TRUE(master);
  EXPECT_EQ(::grantpt(master.get()), 0);
  EXPECT_EQ(::unlockpt(master.get()), 0);
  io::tty::set_size(master.get(), {rows, columns});
  unique_fd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(slave.get(), 2);
    show();
    ::_exit(0);
  }
  slave.reset();
  std::string seen;
  char buffer[4096];
  for (ssize_t got; (got = ::read(master.get(), buffer, sizeof buffer)) > 0;)
    seen.append(buffer, static_cast<std::size_t>(got));
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return seen;
}

// As much of a terminal as bars need: how often it wrapped or scrolled, and what is on it.
struct screen {
  std::vector<std::string> lines = std::vector<std::string>(rows);
  std::size_t row = 0, column = 0, wrapped = 0, scrolled = 0;

  void put(char c) {
    if (column == columns) {
      ++wrapped;
      column = 0;
      down();
    }
    lines[row].resize(std::max(lines[row].size(), column + 1), ' ');
    lines[row][column++] = c;
  }
  void down() {
    if (row + 1 < rows) {
      ++row;
      return;
    }
    ++scrolled;
    lines.erase(lines.begin());
    lines.emplace_back();
  }
  void escape(std::size_t number, char command) {
    if (command == 'A') row -= std::min(row, number);
    if (command == 'K' || command == 'J') lines[row].resize(std::min(lines[row].size(), column));
    for (std::size_t below = row + 1; command == 'J' && below < rows; ++below) lines[below].clear();
  }
  explicit screen(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      if (bytes[at] == '\x1b') {
        std::size_t number = 0;
        for (at += 2; bytes[at] >= '0' && bytes[at] <= '9'; ++at)
          number = number * 10 + static_cast<std::size_t>(bytes[at] - '0');
        escape(number, bytes[at]);
      } else if (bytes[at] == '\r') {
        column = 0;
      } else if (bytes[at] == '\n') {
        down();
      } else {
        put(bytes[at]);
      }
    }
  }
};

std::string layer(int i) { return "layer" + std::to_string(i); }

TEST(terminal_events, sixty_layers_neither_wrap_nor_scroll) {
  const screen s(on_a_terminal([] {
    terminal_events events;
    for (int i = 0; i < 60; ++i) events.layer_progress(layer(i), "pulling", 0, 123'456'789);
    for (int step = 1; step < 50; ++step) {
      for (int i = 0; i < 60; ++i)
        events.layer_progress(layer(i), "pulling", static_cast<std::uint64_t>(step) * 2'000'000, 123'456'789);
    }
    for (int i = 0; i < 60; ++i) events.layer_progress(layer(i), "done", 123'456'789, 123'456'789);
    events.pull_ended();
  }));
  EXPECT_EQ(s.wrapped, 0u);
  EXPECT_EQ(s.scrolled, 0u);
  EXPECT_EQ(s.lines[0], "60/60 layers  7.41GB/7.41GB  100%");
  EXPECT_EQ(s.lines[1], "");
}

TEST(terminal_events, a_message_stands_above_the_bars) {
  const screen s(on_a_terminal([] {
    terminal_events events;
    events.layer_progress("aaaa", "pulling", 0, 1'000'000);
    events.message("something to know");
    events.layer_progress("aaaa", "done", 1'000'000, 1'000'000);
    events.pull_ended();
    events.message("the end");
  }));
  EXPECT_EQ(s.lines[0], "something to know");
  EXPECT_EQ(s.lines[1].substr(0, 18), "aaaa         done ");
  EXPECT_EQ(s.lines[2], "1/1 layers  1.00MB/1.00MB  100%");
  EXPECT_EQ(s.lines[3], "the end");
}

}  // namespace
}  // namespace lxr::cli
