// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lxr::cli {

// Prints rows under a header; a column is as wide as its widest cell, and three spaces separate columns, as in docker.
// Lifecycle: add() rows, then print().
// Owns: the rows.
class table {
 public:
  explicit table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row);
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Returns printable() of `text`, cut to `width` characters; the last one is "…" when it was cut.
std::string shortened(const std::string& text, std::size_t width);

// Returns docker's words for a time span in nanoseconds: "3 minutes", "About an hour", "2 days".
std::string human_duration(std::int64_t ns);

}  // namespace lxr::cli
