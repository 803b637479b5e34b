// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/flag_values.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

// Reads digits with at most one dot: no sign, no exponent, no "inf". Sets `rest` to the text after them.
std::optional<double> take_decimal(std::string_view text, std::string_view& rest) {
  if (text.empty() || !((text.front() >= '0' && text.front() <= '9') || text.front() == '.')) return std::nullopt;
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failure == std::errc::result_out_of_range) number = std::numeric_limits<double>::infinity();
  if (failure == std::errc::invalid_argument) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Returns the power of 1024 that a suffix means: "", "m", "mb", "mib", in upper or lower case.
std::optional<int> power_of(std::string_view suffix) {
  constexpr std::string_view units = "bkmgtp";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (suffix.empty()) return 0;
  const auto power = units.find(lower(suffix[0]));
  if (power == std::string_view::npos || (power == 0 && suffix.size() > 1)) return std::nullopt;
  const bool ends_well = suffix.size() == 1 || (suffix.size() == 2 && lower(suffix[1]) == 'b') ||
                         (suffix.size() == 3 && lower(suffix[1]) == 'i' && lower(suffix[2]) == 'b');
  return ends_well ? std::optional(static_cast<int>(power)) : std::nullopt;
}

bool is_label(std::string_view label) {
  constexpr std::size_t longest = 63;
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (label.empty() || label.size() > longest || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [&](char c) { return is_alnum(c) || c == '-'; });
}

}  // namespace

void refuse_value(const std::string& flag, const std::string& value, const std::string& why) {
  throw error(errc::invalid_argument, "use " + flag, '"' + value + '"', why);
}

std::int64_t parse_size(const std::string& text, const std::string& flag) {
  std::string_view rest;
  const auto number = take_decimal(text, rest);
  if (number && rest.starts_with(' ') && rest.size() > 1) rest.remove_prefix(1);
  const auto power = number ? power_of(rest) : std::nullopt;
  if (!power) refuse_value(flag, text, "a size is a number and b, k, m, g, t or p");
  const double bytes = *number * static_cast<double>(std::int64_t{1} << (10 * *power));
  if (!(bytes < 0x1p63)) refuse_value(flag, text, "it is too large: the largest size is 8191p");
  return static_cast<std::int64_t>(bytes);
}

double parse_cpus(const std::string& text, const std::string& flag) {
  constexpr double least = 0.01, most = 4096;
  std::string_view rest;
  const auto number = take_decimal(text, rest);
  if (!number || !rest.empty() || *number > most || (*number < least && *number != 0)) {
    refuse_value(flag, text, "it is a number of processors from 0.01 to 4096, or 0 for no limit");
  }
  return *number;
}

void check_hostname(const std::string& name, const std::string& flag) {
  constexpr std::size_t longest = 64;  // HOST_NAME_MAX
  if (name.size() > longest) refuse_value(flag, name, "a host name has at most 64 characters");
  for (std::size_t begin = 0; !name.empty() && begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    if (!is_label(std::string_view(name).substr(begin, end - begin))) {
      refuse_value(flag, name,
                   "a host name is letters, digits, - and _ in parts of at most 63, joined by dots; no part begins or "
                   "ends with -");
    }
    begin = end + 1;
  }
}

void check_label(const std::string& text, const std::string& flag) {
  const std::string key = text.substr(0, text.find('='));
  if (key.empty()) refuse_value(flag, text, "it has no name");
  if (key.find_first_of(" \t\n\v\f\r") != std::string::npos) refuse_value(flag, text, "the name has a blank in it");
}

}  // namespace lxr::cli
