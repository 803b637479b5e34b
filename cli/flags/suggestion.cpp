// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/suggestion.hpp"

#include <algorithm>
#include <vector>

namespace lxr::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the usual table (optimal string alignment): two back, one back, this one.
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last.back();
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t longest = 64, most_edits = 2;
  if (word.size() > longest) return {};
  std::string best;
  std::size_t least = most_edits + 1;
  const std::size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  for (const std::string& candidate : known) {
    const std::size_t edits = edit_distance(word, candidate);
    if (edits < least && edits * 2 < letters + 1) {
      best = candidate;
      least = edits;
    }
  }
  if (!best.empty() || letters < 2) return best;
  const auto longer = std::ranges::find_if(known, [word](const std::string& k) { return k.starts_with(word); });
  return longer == known.end() ? std::string() : *longer;
}

}  // namespace lxr::cli
