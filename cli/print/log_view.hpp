// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lxr::cli {

// Makes the output of a container of the records of its log file. A record is often only a piece of a line: lines are
// what is counted, and times stand where lines begin. Each stream has lines of its own.
// Lifecycle: add() records in order; with a tail, nothing is shown before end_of_old().
class log_view {
 public:
  using sink = std::function<void(std::string_view bytes, bool is_error_stream)>;
  // `tail`: of the records before end_of_old() only so many lines at the end.
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
  std::size_t lines_ = 0;        // begun so far
  std::size_t current_[2] = {};  // which of them a stream is in; 0: its last one is complete
};

}  // namespace lxr::cli
