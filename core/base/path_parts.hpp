// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr {

// Pushes the parts of a path, except empty ones, onto `coming`, the parts that a walker has still to visit; the first
// part is the next one to pop.
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

// For a walker that found the directory `first` missing: pops parts from `coming` and returns the directories to
// create, `first` among them. A ".." removes the directory before it from the result; when it removes `first`, the
// result is empty and the walker goes on in the existing directory with the parts that are left in `coming`.
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
