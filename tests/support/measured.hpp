// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::test {

// A program that ran to its end, with what it and those it waited for took.
struct measured {
  int code = -1;
  std::string err;           // its standard error
  std::size_t peak_mib = 0;  // of memory, of the largest of them
  double seconds = 0;        // of processor time, of all
};
measured run_measured(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

}  // namespace lxr::test
