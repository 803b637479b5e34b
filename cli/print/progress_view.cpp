// SPDX-License-Identifier: Apache-2.0
#include "cli/print/progress_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace lxr::cli {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

constexpr std::size_t most_layers = 4096;  // further layers are ignored; no real image has as many
constexpr auto sample_distance = milliseconds(200), sample_window = milliseconds(5000);

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string cut(std::string text, std::size_t columns) {
  if (text.size() > columns) text.resize(columns);
  return text;
}

double part_of(double done, double total) { return total <= 0 ? 1 : std::min(done / total, 1.0); }

}  // namespace

bool progress_view::update(std::string_view name, std::string_view phase, std::uint64_t done, std::uint64_t total,
                           time_point now) {
  auto found = places_.find(name);
  if (found == places_.end()) {
    if (layers_.size() == most_layers) return false;
    found = places_.emplace(std::string(name), layers_.size()).first;
    layers_.push_back({std::string(name), "", 0, 0});
  }
  layer& l = layers_[found->second];
  const bool turned = l.phase != phase;
  l.phase = phase;
  l.done = done;
  l.total = total;
  if (samples_.empty() || now - samples_.back().at >= sample_distance) {
    double bytes = 0;
    for (const layer& each : layers_) bytes += each.present() ? 0 : static_cast<double>(each.done);
    samples_.push_back({now, bytes});
    while (samples_.size() > 2 && now - samples_.front().at > sample_window) samples_.pop_front();
  }
  return turned;
}

double progress_view::rate() const {
  if (samples_.size() < 2) return 0;
  const double seconds = duration<double>(samples_.back().at - samples_.front().at).count();
  return seconds <= 0 ? 0 : std::max(0.0, (samples_.back().bytes - samples_.front().bytes) / seconds);
}

std::string progress_view::layer_line(const layer& l, std::size_t columns) const {
  constexpr std::size_t widest_bar = 30, narrowest_bar = 6;
  const std::string head = pad(cut(l.name, 12), 12) + " " + pad(cut(l.phase, 8), 8) + " ";
  const std::string sizes = l.finished() ? human_size(l.total) : human_size(l.done) + "/" + human_size(l.total);
  const std::size_t around =
      head.size() + 3 + 15;  // brackets, a blank, the longest sizes ("99.9MB/1.23GB") and one spare column
  if (columns < around + narrowest_bar) return cut(head + sizes, columns);
  const std::size_t width = std::min(widest_bar, columns - around);
  const auto filled = static_cast<std::size_t>(static_cast<double>(width) *
                                               part_of(static_cast<double>(l.done), static_cast<double>(l.total)));
  return cut(head + "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "] " + sizes, columns);
}

std::string progress_view::whole_line(std::size_t columns) const {
  std::size_t finished = 0;
  double done = 0, total = 0;
  for (const layer& l : layers_) {
    if (l.finished()) ++finished;
    if (l.present()) continue;
    done += static_cast<double>(l.done);
    total += static_cast<double>(l.total);
  }
  const auto size = [](double bytes) { return human_size(static_cast<std::uint64_t>(std::min(bytes, 0x1p63))); };
  std::string text = std::to_string(finished) + "/" + std::to_string(layers_.size()) + " layers  " + size(done) + "/" +
                     size(total) + "  " + std::to_string(static_cast<int>(100 * part_of(done, total))) + "%";
  const double speed = rate();
  if (finished < layers_.size() && speed >= 1)
    text += "  " + size(speed) + "/s  " + human_time_left((total - done) / speed) + " left";
  return cut(text, columns);
}

std::vector<std::string> progress_view::lines(std::size_t rows, std::size_t columns) const {
  if (layers_.empty() || rows < 2 || columns < 2) return {};
  const std::size_t width = columns - 1;  // the last column makes some terminals wrap
  const std::size_t room = rows - 2;      // one row is for the line about all layers, one for the cursor
  std::vector<const layer*> shown;
  for (const layer& l : layers_) {
    if (layers_.size() <= room || !l.finished()) shown.push_back(&l);
  }
  if (shown.size() > room) shown.resize(room);
  std::vector<std::string> out;
  out.reserve(shown.size() + 1);
  for (const layer* l : shown) out.push_back(layer_line(*l, width));
  out.push_back(whole_line(width));
  return out;
}

std::string human_size(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text,
                unit == 0 || value >= 100 ? "%.0f%s"
                : value >= 10             ? "%.1f%s"
                                          : "%.2f%s",
                value, units[unit]);
  return text;
}

std::string human_time_left(double seconds) {
  constexpr double longest = 99.0 * 3600;
  if (!(seconds < longest)) return "days";
  const auto whole = static_cast<int>(std::ceil(std::max(seconds, 0.0)));
  const auto text = [](int n, const char* unit) { return std::to_string(n) + unit; };
  if (whole < 60) return text(whole, "s");
  if (whole < 3600) return text(whole / 60, "m ") + text(whole % 60, "s");
  return text(whole / 3600, "h ") + text(whole / 60 % 60, "m");
}

}  // namespace lxr::cli
