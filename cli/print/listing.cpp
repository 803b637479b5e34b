// SPDX-License-Identifier: Apache-2.0
#include "cli/print/listing.hpp"

#include <algorithm>

#include "cli/print/output.hpp"

namespace lxr::cli {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// Returns the number of UTF-8 characters.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

}  // namespace

void table::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void table::print() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 3, ' ');
    }
    print_line(line);
  }
}

std::string shortened(const std::string& text, std::size_t width) {
  std::string whole = printable(text);
  if (width_of(whole) <= width) return whole;
  std::size_t end = 0;
  for (std::size_t characters = 0; end < whole.size(); ++end) {
    if (begins_character(whole[end]) && ++characters == width) break;
  }
  return whole.substr(0, end) + "…";
}

std::string human_duration(std::int64_t ns) {
  const std::int64_t seconds = std::max<std::int64_t>(ns, 0) / 1'000'000'000, minutes = seconds / 60,
                     hours = (minutes + 30) / 60;
  const auto count = [](std::int64_t n, const char* unit) { return std::to_string(n) + " " + unit; };
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return count(seconds, "seconds");
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return count(minutes, "minutes");
  constexpr std::int64_t day = 24;  // hours
  if (hours == 1) return "About an hour";
  if (hours < 48) return count(hours, "hours");
  if (hours < day * 7 * 2) return count(hours / 24, "days");
  if (hours < day * 30 * 2) return count(hours / 24 / 7, "weeks");
  if (hours < day * 365 * 2) return count(hours / 24 / 30, "months");
  return count(hours / 24 / 365, "years");
}

}  // namespace lxr::cli
