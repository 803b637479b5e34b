// SPDX-License-Identifier: Apache-2.0
#include "cli/print/terminal_events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <map>

#include "cli/print/output.hpp"
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

void terminal_events::span(std::string_view stage, std::string_view subject, clock::time_point begin,
                           clock::time_point end) {
  spans_.push_back({std::string(stage), std::string(subject), begin, end});
}

void terminal_events::layer_progress(std::string_view name, std::string_view phase, std::uint64_t done,
                                     std::uint64_t total) {
  if (quiet_) return;
  const std::string shown = printable(name);
  if (bars_) {
    const auto now = clock::now();
    const bool turned = view_.update(shown, printable(phase), done, total, now);
    if (turned || now - drawn_ > milliseconds(80)) draw();
  } else if ((phase == "done" || phase == "present") && told_.insert(shown).second) {
    print_note(shown + ": " + (phase == "done" ? "pulled " : "already here, ") + human_size(total));
  }
}

// Moves the cursor to the beginning of the first bar and clears the screen from there.
void terminal_events::erase() {
  if (lines_ > 0) print_progress("\x1b[" + std::to_string(lines_) + "A\r\x1b[J");
  lines_ = 0;
}

void terminal_events::draw() {
  const io::tty::terminal_size size = io::tty::size_of(2);
  drawn_ = clock::now();
  std::string text = lines_ > 0 ? "\x1b[" + std::to_string(lines_) + "A" : "";
  const auto lines = view_.lines(size.rows != 0 ? size.rows : 24, size.columns != 0 ? size.columns : 80);
  for (const std::string& line : lines) text += "\r" + line + "\x1b[K\n";
  print_progress(text + "\x1b[J");
  lines_ = lines.size();
}

void terminal_events::message(std::string_view text) {
  if (quiet_) return;
  const bool redraw = lines_ > 0;
  erase();
  print_note(text);
  if (redraw) draw();
}

void terminal_events::pull_ended() {
  if (bars_ && !view_.empty()) draw();
  lines_ = 0;
  view_ = progress_view();
  told_.clear();
}

void terminal_events::show(bool timing, const std::string& trace_file) const {
  if (timing) print_timing();
  if (trace_file.empty()) return;
  try {
    write_trace(trace_file);
  } catch (const std::exception& e) {
    print_error(e.what());
  }
}

void check_trace(const std::string& path) {
  if (!path.empty()) file::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
}

void terminal_events::print_timing() const {
  char line[160];
  std::snprintf(line, sizeof line, "%-14s %-24s %10s %10s", "STAGE", "SUBJECT", "BEGIN ms", "TOOK ms");
  print_note(line);
  for (const recorded& r : spans_) {
    std::snprintf(line, sizeof line, "%-14.14s %-24.24s %10.3f %10.3f", printable(r.stage).c_str(),
                  printable(r.subject).c_str(), ms(r.begin - start_), ms(r.end - r.begin));
    print_note(line);
  }
  std::snprintf(line, sizeof line, "%-14s %-24s %10s %10.3f", "total", "", "", ms(clock::now() - start_));
  print_note(line);
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

}  // namespace lxr::cli
