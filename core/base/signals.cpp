// SPDX-License-Identifier: Apache-2.0
#include "core/base/signals.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>

#include "core/base/error.hpp"

namespace lxr {
namespace {

int offset_from(const std::string& word, const char* prefix, int base, int sign) {
  const std::string rest = word.substr(std::strlen(prefix));
  if (rest.empty()) return base;
  if (rest.size() < 2 || rest[0] != (sign > 0 ? '+' : '-') ||
      !std::ranges::all_of(rest.substr(1), [](char c) { return std::isdigit(c) != 0; })) {
    return 0;
  }
  return base + sign * std::atoi(rest.c_str() + 1);
}

}  // namespace

int parse_signal(const std::string& word, int fallback) {
  if (word.empty()) return fallback;
  std::string upper = word;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper.starts_with("SIG")) upper.erase(0, 3);
  int number = 0;
  if (std::ranges::all_of(upper, [](char c) { return std::isdigit(c) != 0; }) && upper.size() <= 2) {
    number = std::atoi(upper.c_str());
  } else if (upper.starts_with("RTMIN")) {
    number = offset_from(upper, "RTMIN", SIGRTMIN, 1);
  } else if (upper.starts_with("RTMAX")) {
    number = offset_from(upper, "RTMAX", SIGRTMAX, -1);
  } else {
    for (int candidate = 1; candidate < 32 && number == 0; ++candidate) {
      const char* name = ::sigabbrev_np(candidate);
      if (name != nullptr && upper == name) number = candidate;
    }
  }
  if (number < 1 || number > SIGRTMAX) {
    throw error(errc::invalid_argument, "use signal", '"' + word + '"', "there is no such signal");
  }
  return number;
}

}  // namespace lxr
