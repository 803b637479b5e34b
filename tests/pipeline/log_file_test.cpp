// SPDX-License-Identifier: Apache-2.0
#include "pipeline/monitor/log_file.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::monitor {
namespace {

std::string replay(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    log_line l;
    EXPECT_TRUE(parse_log_line(line, l)) << line;
    out.append(l.text);
    if (l.complete) out += '\n';
  }
  return out;
}

TEST(log_file, output_comes_back_byte_for_byte) {
  const test::temp_directory dir;
  log_file log([&dir] { return file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY); });
  const std::string output = "one\n\ntwo " + std::string(100'000, 'x') + "\nunfinished";
  for (std::size_t at = 0; at < output.size(); at += 777)
    log.append("stdout", std::string_view(output).substr(at, 777), 0);
  EXPECT_EQ(replay(*file::read_at(dir.fd(), "log")), output);
}

TEST(log_file, rotates_and_keeps_three) {
  const test::temp_directory dir;
  log_file log([&dir] { return file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY); });
  const std::string chunk = std::string(1 << 20, 'x') + "\n";
  for (int i = 0; i < 45; ++i) log.append("stdout", chunk, 0);
  const auto files = file::list_at(dir.fd(), ".");
  EXPECT_EQ(files.size(), 3u);
  for (const std::string& f : files)
    EXPECT_LT(file::read_at(dir.fd(), f, 64 << 20)->size(), log_file::rotation_size + 2 * chunk.size());
}

TEST(log_file, each_line_has_the_time_at_which_it_came_and_its_stream) {
  const test::temp_directory dir;
  log_file log([&dir] { return file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY); });
  log.append("stdout", "a\nb", 1700000000'000000007);
  log.append("stderr", "c\n", 1700000001'000000000);
  EXPECT_EQ(file::read_at(dir.fd(), "log"),
            "2023-11-14T22:13:20.000000007Z stdout F a\n"
            "2023-11-14T22:13:20.000000007Z stdout P b\n"
            "2023-11-14T22:13:21.000000000Z stderr F c\n");
}

TEST(log_file, without_output_there_is_no_file_and_a_failure_is_not_the_last_word) {
  const test::temp_directory dir;
  bool is_there = false;
  log_file log([&] {
    if (!is_there) throw error(errc::not_found, "open", "directory", "not yet");
    return file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY);
  });
  EXPECT_THROW(log.append("stdout", "lost\n", 0), error);
  EXPECT_TRUE(file::list_at(dir.fd(), ".").empty());
  is_there = true;
  log.append("stdout", "kept\n", 0);
  EXPECT_EQ(replay(*file::read_at(dir.fd(), "log")), "kept\n");
}

TEST(log_line, what_is_none_is_refused) {
  log_line l;
  for (const char* bad : {"", "x", "x y", "x y "}) EXPECT_FALSE(parse_log_line(bad, l)) << bad;
  ASSERT_TRUE(parse_log_line("2026-01-01T00:00:00.000000000Z stderr F ", l));
  EXPECT_EQ(l.stream, "stderr");
  EXPECT_EQ(l.text, "");
}

}  // namespace
}  // namespace lxr::monitor
