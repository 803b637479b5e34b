#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::monitor {

// The output of one container, a line of text per line of output: "2026-11-23T05:13:00.123456789Z stdout F text".
// F ends a full line, P a part of one (the Kubernetes CRI format). Rotates at 10 MiB and keeps three files.
// Lifecycle: append() from one process, the monitor; readers may follow the file and see it replaced by a new one.
class log_file {
 public:
  // `open_directory` gives the directory once there is something to write: many containers never say anything.
  explicit log_file(std::function<unique_fd()> open_directory) : open_directory_(std::move(open_directory)) {}
  void append(std::string_view stream, std::string_view bytes);

  static constexpr const char* name = "log";
  static constexpr std::size_t rotation_size = 10u << 20;
  static constexpr int kept = 3;

 private:
  void open();
  void rotate();

  std::function<unique_fd()> open_directory_;
  unique_fd directory_, file_;
  std::size_t size_ = 0;
};

struct log_line {
  std::string_view time, stream, text;
  bool complete = true;
};
// Splits one line of the file (without its newline). False when it is none.
bool parse_log_line(std::string_view line, log_line& out);

std::string format_time(std::int64_t unix_ns);  // RFC 3339 with nanoseconds, UTC

}  // namespace lxr::monitor
