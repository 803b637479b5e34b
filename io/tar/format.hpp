// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

// Headers and numbers of tar archives; used by reader.cpp and sparse.cpp.
namespace lxr::io::tar {

// The ustar header (POSIX.1-2017, pax, "ustar Interchange Format").
struct raw_header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2],
      user[32], group[32], major[8], minor[8], prefix[155], unused[12];
};
static_assert(sizeof(raw_header) == 512);

[[noreturn]] inline void corrupt(const std::string& why) { throw error(errc::corrupt, "read tar archive", "", why); }

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

// Reads a number: octal digits, or GNU's base-256 (the top bit of the first byte is set; then a big-endian two's
// complement number).
template <std::size_t N>
std::int64_t number_of(const char (&field)[N], const char* what) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(field);
  if ((bytes[0] & 0x80) != 0) {
    std::int64_t value = (bytes[0] & 0x40) != 0 ? -1 : 0;
    value = value * 64 + (bytes[0] & 0x3f);
    for (std::size_t i = 1; i < N; ++i) {
      if (value > (INT64_MAX >> 8) || value < (INT64_MIN >> 8)) corrupt(std::string("a number is too large: ") + what);
      value = value * 256 + bytes[i];
    }
    return value;
  }
  std::int64_t value = 0;
  std::size_t i = 0;
  while (i < N && field[i] == ' ') ++i;
  for (; i < N && field[i] >= '0' && field[i] <= '7'; ++i) value = value * 8 + (field[i] - '0');
  if (i < N && field[i] != 0 && field[i] != ' ') corrupt(std::string("a number is not octal: ") + what);
  return value;
}

inline std::uint64_t pax_unsigned(const std::string& text, const char* key) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) corrupt(std::string("bad PAX number for ") + key);
  return value;
}

// Removes a number and the `separator` after it (or the end of the text) from the front of `text`; returns the number.
inline std::uint64_t take_number(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const std::uint64_t value = pax_unsigned(std::string(text.substr(0, end)), "a sparse file");
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

}  // namespace lxr::io::tar
