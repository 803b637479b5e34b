// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/markdown_table.hpp"

#include <sstream>

#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

std::string without_blanks(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|') {
      cells.push_back(without_blanks(cell));
      cell.clear();
    } else {
      if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') ++i;
      cell += line[i];
    }
  }
  return cells;
}

}  // namespace

std::vector<std::vector<std::string>> table_below(const std::string& document, const std::string& heading) {
  constexpr std::size_t head = 2;  // lines: the titles, and the rule below them
  std::istringstream text(document);
  std::vector<std::vector<std::string>> rows;
  bool below = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('#')) {
      if (below) break;
      below = line == heading;
    } else if (below && line.starts_with('|')) {
      rows.push_back(cells_of(line));
    } else if (!rows.empty()) {
      break;
    }
  }
  if (rows.size() <= head) throw error(errc::corrupt, "read table", heading, "the document has none");
  return {rows.begin() + head, rows.end()};
}

}  // namespace lxr::cli
