// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cli/print/progress_view.hpp"
#include "core/base/event_sink.hpp"

namespace lxr::cli {

// Shows events on standard error: progress as bars when that is a terminal, else as one line for each finished layer.
// Keeps the spans for show().
// Lifecycle: made at the start of a command; show() at its end.
// Runs on: the loop's thread.
// Owns: the spans so far.
class terminal_events final : public event_sink {
 public:
  explicit terminal_events(bool quiet = false);

  void span(std::string_view stage, std::string_view subject, clock::time_point begin, clock::time_point end) override;
  void layer_progress(std::string_view layer, std::string_view phase, std::uint64_t done, std::uint64_t total) override;
  // Draws the bars a last time and leaves them; later output begins below them.
  void pull_ended() override;
  void message(std::string_view text) override;

  // With `timing` prints the spans as a table on standard error. With `trace_file` writes them to that file in Chrome's
  // trace event format (chrome://tracing, Perfetto); when that fails, only prints an error, because the command itself
  // has succeeded.
  void show(bool timing, const std::string& trace_file) const;

 private:
  struct recorded {
    std::string stage, subject;
    clock::time_point begin, end;
  };
  void draw();
  void erase();
  void print_timing() const;
  void write_trace(const std::string& path) const;

  bool quiet_, bars_;
  clock::time_point start_ = clock::now(), drawn_{};
  std::vector<recorded> spans_;
  progress_view view_;
  std::size_t lines_ = 0;                    // how many lines of bars are on the terminal
  std::set<std::string, std::less<>> told_;  // without a terminal: the layers whose line was printed
};

// Throws lxr::error when the file of --trace cannot be written. Commands call it before they start anything.
void check_trace(const std::string& path);

}  // namespace lxr::cli
