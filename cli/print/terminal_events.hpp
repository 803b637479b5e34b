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

// Shows a person what happens: progress of layers (bars on a terminal, otherwise a line for each that is there), and on
// request the timeline.
class terminal_events final : public event_sink {
 public:
  explicit terminal_events(bool quiet = false);

  void span(std::string_view stage, std::string_view subject, clock::time_point begin, clock::time_point end) override;
  void layer_progress(std::string_view layer, std::string_view phase, std::uint64_t done, std::uint64_t total) override;
  // Ends the bars; what follows starts on a fresh line.
  void pull_ended() override;
  void message(std::string_view text) override;

  // The spans so far: as a table on standard error, and in a file ("": none) in Chrome's trace event format
  // (chrome://tracing, Perfetto). What was done stays done when the file cannot be written: that is only told.
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
  std::size_t lines_ = 0;                    // on the terminal now
  std::set<std::string, std::less<>> told_;  // without a terminal: layers that had their line
};

// Throws when the file of --trace cannot be written: before anything is started, not when it is over.
void check_trace(const std::string& path);

}  // namespace lxr::cli
