// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.hpp"

#include <cstdio>

namespace lxr {

std::string format_time(std::int64_t unix_ns) {
  const time_t seconds = unix_ns / 1'000'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<long>(unix_ns % 1'000'000'000));
  return text;
}

}  // namespace lxr
