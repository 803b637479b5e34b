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

// What a person sees of a pull: a bar for each layer that is on its way, and a line for the whole with rate and
// estimate.
// Never more lines than `rows` or characters than `columns`, whatever the terminal: what is taller than it scrolls
// away, what is wider wraps, and then no cursor movement finds it again. Knows no terminal and no clock.
class progress_view {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  // Names and phases are shown as they are: printable() them before. True when the layer's phase changed.
  bool update(std::string_view layer, std::string_view phase, std::uint64_t done, std::uint64_t total, time_point now);
  // The lines to show now, the whole last. `rows` and `columns` are the terminal's.
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
  [[nodiscard]] double rate() const;  // bytes a second, over the last seconds

  std::vector<layer> layers_;  // in the order they came
  std::map<std::string, std::size_t, std::less<>> places_;
  std::deque<sample> samples_;
};

std::string human_size(std::uint64_t bytes);  // "573MB", powers of 1000 as docker shows them
std::string human_time_left(double seconds);  // "9s", "3m 20s", "2h 5m"

}  // namespace lxr::cli
