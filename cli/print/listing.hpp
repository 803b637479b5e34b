// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lxr::cli {

// Rows under a header, columns as wide as their widest cell and three spaces apart, as docker prints them.
class table {
 public:
  explicit table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row);
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// What is printable of `text`, in at most `width` characters; the last is … when something was cut off.
std::string shortened(const std::string& text, std::size_t width);

// "3 minutes", "About an hour", "2 days": docker's words for a time span.
std::string human_duration(std::int64_t ns);

}  // namespace lxr::cli
