// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr {

// Puts the parts of a path, without empty ones, on a stack of parts still to go: the first one on top.
inline void push_parts(std::vector<std::string>& coming, const std::string& path) {
  std::size_t end = path.size();
  while (end > 0) {
    const auto slash = path.rfind('/', end - 1);
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    if (end > begin) coming.push_back(path.substr(begin, end - begin));
    if (slash == std::string::npos) return;
    end = slash;
  }
}

// Takes what is left, from a part on that is missing. There is nothing to look at: what ".." takes back is not wanted.
// Stops where ".." leads back to what is there. Returns the parts to be made.
inline std::vector<std::string> take_missing(std::vector<std::string>& coming, const std::string& first) {
  std::vector<std::string> missing{first};
  while (!coming.empty() && !missing.empty()) {
    std::string part = std::move(coming.back());
    coming.pop_back();
    if (part == "..") {
      missing.pop_back();
    } else if (part != ".") {
      missing.push_back(std::move(part));
    }
  }
  return missing;
}

}  // namespace lxr
