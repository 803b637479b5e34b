// SPDX-License-Identifier: Apache-2.0
#include "cli/print/log_view.hpp"

#include "pipeline/monitor/log_file.hpp"

namespace lxr::cli {

void log_view::add(std::string_view record) {
  monitor::log_line parsed;
  if (!monitor::parse_log_line(record, parsed)) return;
  std::size_t& current = current_[parsed.stream == "stderr" ? 1 : 0];
  const bool begins = current == 0;
  if (begins) current = ++lines_;
  piece p{std::string(record), current, begins};
  if (parsed.complete) current = 0;
  if (!tail_) return show(p);
  old_.push_back(std::move(p));
  while (!old_.empty() && old_.front().line + *tail_ <= lines_) old_.pop_front();
}

void log_view::end_of_old() {
  for (const piece& p : old_) {
    if (p.line + *tail_ > lines_) show(p);
  }
  old_.clear();
  tail_.reset();
}

void log_view::show(const piece& p) const {
  monitor::log_line parsed;
  monitor::parse_log_line(p.record, parsed);
  std::string bytes;
  if (timestamps_ && p.begins_line) bytes.append(parsed.time).push_back(' ');
  bytes.append(parsed.text);
  if (parsed.complete) bytes.push_back('\n');
  show_(bytes, parsed.stream == "stderr");
}

}  // namespace lxr::cli
