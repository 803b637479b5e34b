#include "cli/terminal_events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "io/tty/terminal.hpp"

namespace lxr::cli {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

double ms(event_sink::clock::duration d) { return duration<double, std::milli>(d).count(); }

}  // namespace

terminal_events::terminal_events(bool quiet) : quiet_(quiet), bars_(!quiet && io::tty::is_terminal(2)) {}

void terminal_events::span(std::string_view stage, std::string_view subject, clock::time_point begin, clock::time_point end) {
  spans_.push_back({std::string(stage), std::string(subject), begin, end});
}

void terminal_events::layer_progress(std::string_view name, std::string_view phase, std::uint64_t done, std::uint64_t total) {
  if (quiet_) return;
  auto found = layers_.find(name);
  if (found == layers_.end()) {
    order_.emplace_back(name);
    found = layers_.emplace(std::string(name), layer{}).first;
  }
  layer& l = found->second;
  const bool turned = l.phase != phase;
  l = {std::string(phase), done, total};
  if (bars_) {
    if (turned || clock::now() - drawn_ > milliseconds(80)) draw();
  } else if (turned && phase != "waiting") {
    std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), std::string(phase).c_str());
  }
}

void terminal_events::draw() {
  constexpr int width = 30;
  drawn_ = clock::now();
  if (lines_ > 0) std::fprintf(stderr, "\x1b[%zuA", lines_);
  for (const std::string& name : order_) {
    const layer& l = layers_[name];
    const int filled = l.total == 0 ? width : static_cast<int>(width * std::min(l.done, l.total) / l.total);
    std::fprintf(stderr, "\r\x1b[K%s %-8s [%s%s] %s/%s\n", name.c_str(), l.phase.c_str(), std::string(static_cast<std::size_t>(filled), '=').c_str(),
                 std::string(static_cast<std::size_t>(width - filled), ' ').c_str(), human_size(l.done).c_str(), human_size(l.total).c_str());
  }
  lines_ = order_.size();
}

void terminal_events::message(std::string_view text) {
  if (!quiet_) std::fprintf(stderr, "%s\n", std::string(text).c_str());
}

void terminal_events::finish_progress() {
  if (bars_ && !order_.empty()) draw();
  lines_ = 0;
  order_.clear();
  layers_.clear();
}

void terminal_events::show(bool timing, const std::string& trace_file) const {
  if (timing) print_timing();
  if (trace_file.empty()) return;
  try {
    write_trace(trace_file);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "lxr: %s\n", e.what());
  }
}

void check_trace(const std::string& path) {
  if (!path.empty()) file::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
}

void terminal_events::print_timing() const {
  std::fprintf(stderr, "%-14s %-24s %10s %10s\n", "STAGE", "SUBJECT", "BEGIN ms", "TOOK ms");
  for (const recorded& r : spans_) {
    std::fprintf(stderr, "%-14s %-24.24s %10.3f %10.3f\n", r.stage.c_str(), r.subject.c_str(), ms(r.begin - start_), ms(r.end - r.begin));
  }
  std::fprintf(stderr, "%-14s %-24s %10s %10.3f\n", "total", "", "", ms(clock::now() - start_));
}

void terminal_events::write_trace(const std::string& path) const {
  json::array events;
  std::map<std::string, int> lanes;
  for (const recorded& r : spans_) {
    const int lane = lanes.emplace(r.subject, static_cast<int>(lanes.size()) + 1).first->second;
    events.push_back(json::object{{"name", r.stage},
                                  {"cat", "lxr"},
                                  {"ph", "X"},
                                  {"ts", ms(r.begin - start_) * 1000},
                                  {"dur", ms(r.end - r.begin) * 1000},
                                  {"pid", 1},
                                  {"tid", lane},
                                  {"args", json::object{{"subject", r.subject}}}});
  }
  const unique_fd fd = file::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  file::write_all(fd.get(), json::dump(json::object{{"traceEvents", std::move(events)}}), path);
}

std::string human_size(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || value >= 100 ? "%.0f%s" : value >= 10 ? "%.1f%s" : "%.2f%s", value, units[unit]);
  return text;
}

}  // namespace lxr::cli
