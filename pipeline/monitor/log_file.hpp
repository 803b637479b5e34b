// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::monitor {

// The output of one container, in the Kubernetes CRI format: "2026-11-23T05:13:00.123456789Z stdout F text", where F
// marks a full line and P a part of one. Rotates at 10 MiB and keeps three files.
// Lifecycle: append() opens the file at first use; the destructor closes it. Readers may follow the file, and see it
//   replaced by a new one.
// Runs on: one process, the monitor.
// Owns: the descriptors.
// Failure: append() throws lxr::error, as for a full disk; the next call tries again.
class log_file {
 public:
  // `open_directory` is called at the first output: many containers never write anything.
  explicit log_file(std::function<unique_fd()> open_directory) : open_directory_(std::move(open_directory)) {}
  // `unix_ns`: when the bytes came, in nanoseconds of Unix time.
  void append(std::string_view stream, std::string_view bytes, std::int64_t unix_ns);

  static constexpr const char* name = "log";
  static constexpr std::size_t rotation_size = 10u << 20;  // bytes
  static constexpr int kept = 3;                           // files, with the one being written

 private:
  void open();
  void rotate();

  std::function<unique_fd()> open_directory_;
  unique_fd directory_, file_;
  std::size_t size_ = 0;
};

// One line of a log; refers into the text that was parsed.
struct log_line {
  std::string_view time, stream, text;
  bool complete = true;
};
// Splits one line of the file (without its newline). Returns false when it has another format.
bool parse_log_line(std::string_view line, log_line& out);

}  // namespace lxr::monitor
