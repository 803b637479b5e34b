// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lxr::cli {

// Composes the lines that show the progress of a pull: a bar for each layer in transfer, and a last line for all layers
// with rate and remaining time. The lines never exceed the terminal's rows and columns: a taller block would scroll and
// a wider line would wrap, and then the cursor cannot return to its first line. Lifecycle: update() for each event,
// lines() for each drawing. Runs on: one thread. It neither prints nor reads a clock. Owns: the progress of all layers.
class progress_view {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // Records the progress of a layer in bytes. Returns true when its phase changed. `layer` and `phase` are shown
  // unchanged, so pass printable() text.
  bool update(std::string_view layer, std::string_view phase, std::uint64_t done, std::uint64_t total, time_point now);
  // Returns the lines to show on a terminal of this size; the last one is about all layers.
  [[nodiscard]] std::vector<std::string> lines(std::size_t rows, std::size_t columns) const;
  [[nodiscard]] bool empty() const noexcept { return layers_.empty(); }

 private:
  struct layer {
    std::string name, phase;
    std::uint64_t done = 0, total = 0;
    [[nodiscard]] bool present() const { return phase == "present"; }
    [[nodiscard]] bool finished() const { return present() || phase == "done"; }
  };
  struct sample {
    time_point at;
    double bytes;
  };
  [[nodiscard]] std::string layer_line(const layer& l, std::size_t columns) const;
  [[nodiscard]] std::string whole_line(std::size_t columns) const;
  [[nodiscard]] double rate() const;  // bytes per second, over the last seconds

  std::vector<layer> layers_;  // in the order they came
  std::map<std::string, std::size_t, std::less<>> places_;
  std::deque<sample> samples_;
};

std::string human_size(std::uint64_t bytes);  // "573MB", powers of 1000 as docker shows them
std::string human_time_left(double seconds);  // "9s", "3m 20s", "2h 5m"

}  // namespace lxr::cli
