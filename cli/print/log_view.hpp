// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lxr::cli {

// Turns the records of a log file back into the output of the container. A record may hold only a part of a line:
// `tail` counts lines, and only the first record of a line gets a time. Each stream has lines of its own.
// Lifecycle: add() the records in order. With a tail the records before end_of_old() are collected and shown by it;
// later
//   ones are shown at once.
// Owns: the collected records.
class log_view {
 public:
  using sink = std::function<void(std::string_view bytes, bool is_error_stream)>;
  // `tail`: the number of lines to show of the records before end_of_old(); nullopt: all.
  log_view(bool timestamps, std::optional<std::size_t> tail, sink show)
      : timestamps_(timestamps), tail_(tail), show_(std::move(show)) {}

  void add(std::string_view record);
  void end_of_old();

 private:
  struct piece {
    std::string record;
    std::size_t line;
    bool begins_line;
  };
  void show(const piece& p) const;

  bool timestamps_;
  std::optional<std::size_t> tail_;
  sink show_;
  std::deque<piece> old_;
  std::size_t lines_ = 0;        // how many lines have begun
  std::size_t current_[2] = {};  // the number of the incomplete line of stdout and stderr; 0: none
};

}  // namespace lxr::cli
