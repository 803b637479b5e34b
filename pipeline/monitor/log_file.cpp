// SPDX-License-Identifier: Apache-2.0
#include "pipeline/monitor/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/clock.hpp"
#include "core/base/file.hpp"

namespace lxr::monitor {

void log_file::open() {
  if (!directory_) directory_ = open_directory_();
  file_ = file::open_at(directory_.get(), name, O_WRONLY | O_CREAT | O_APPEND);
  struct stat st{};
  size_ = ::fstat(file_.get(), &st) == 0 ? static_cast<std::size_t>(st.st_size) : 0;
}

void log_file::rotate() {
  for (int n = kept - 1; n > 0; --n) {
    const std::string older = std::string(name) + "." + std::to_string(n);
    const std::string newer = n == 1 ? name : std::string(name) + "." + std::to_string(n - 1);
    ::renameat(directory_.get(), newer.c_str(), directory_.get(), older.c_str());
  }
  open();
}

void log_file::append(std::string_view stream, std::string_view bytes, std::int64_t unix_ns) {
  if (!file_) open();
  if (size_ > rotation_size) rotate();
  const std::string head = format_time(unix_ns) + " " + std::string(stream) + " ";
  std::string out;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    out.append(head).append(end == std::string_view::npos ? "P " : "F ").append(line).push_back('\n');
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
  size_ += out.size();
  file::write_all(file_.get(), out, name);
}

bool parse_log_line(std::string_view line, log_line& out) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || second + 2 >= line.size() + 1 || second + 1 >= line.size()) return false;
  out.time = line.substr(0, first);
  out.stream = line.substr(first + 1, second - first - 1);
  out.complete = line[second + 1] != 'P';
  out.text = second + 3 <= line.size() ? line.substr(second + 3) : std::string_view();
  return true;
}

}  // namespace lxr::monitor
