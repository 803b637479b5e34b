// SPDX-License-Identifier: Apache-2.0
#include "core/model/published_port.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"

namespace lxr {
namespace {

constexpr std::pair<int, std::string_view> protocols[] = {
    {IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}, {IPPROTO_SCTP, "sctp"}};

// Returns 0 for what is no port number.
std::uint16_t parse_port(std::string_view digits) {
  std::uint16_t n = 0;
  const auto [stop, code] = std::from_chars(digits.begin(), digits.end(), n);
  return code == std::errc() && stop == digits.end() ? n : 0;
}

// One line of a list: ports at one address, each of which follows the one before.
std::string text_of(const std::string& address, const published_port& first, unsigned count) {
  const auto range = [count](std::uint16_t begin) {
    return std::to_string(begin) + (count > 1 ? "-" + std::to_string(begin + count - 1) : "");
  };
  return (address.find(':') != std::string::npos ? "[" + address + "]" : address) + ":" + range(first.host) + "->" +
         range(first.inner) + "/" + to_protocol_word(first.protocol);
}

}  // namespace

std::string to_protocol_word(int protocol) {
  for (const auto& [number, word] : protocols) {
    if (number == protocol) return std::string(word);
  }
  return "";
}

int parse_protocol(std::string_view word) {
  const auto is_equal = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b); };
  for (const auto& [number, known] : protocols) {
    if (std::ranges::equal(known, word, is_equal)) return number;
  }
  return 0;
}

port_range parse_port_range(std::string_view word, const std::string& operation, std::string_view whole) {
  const auto slash = word.find('/');
  const std::string_view ports = word.substr(0, slash);
  const auto dash = ports.find('-');
  port_range out;
  out.protocol = slash == std::string_view::npos ? IPPROTO_TCP : parse_protocol(word.substr(slash + 1));
  out.first = parse_port(ports.substr(0, dash));
  out.last = dash == std::string_view::npos ? out.first : parse_port(ports.substr(dash + 1));
  const std::string subject = '"' + std::string(whole) + '"';
  if (out.protocol == 0) throw error(errc::invalid_argument, operation, subject, "the protocols are tcp, udp and sctp");
  if (out.first == 0 || out.last == 0)
    throw error(errc::invalid_argument, operation, subject, "a port is a number from 1 to 65535");
  if (out.last < out.first) throw error(errc::invalid_argument, operation, subject, "the range ends before it begins");
  return out;
}

std::string to_text(const std::vector<published_port>& ports) {
  std::string out;
  for (std::size_t i = 0; i < ports.size();) {
    const published_port& first = ports[i];
    unsigned count = 1;
    const auto follows = [&](const published_port& p) {
      return p.address == first.address && p.protocol == first.protocol && p.host == first.host + count &&
             p.inner == first.inner + count;
    };
    while (i + count < ports.size() && follows(ports[i + count])) ++count;
    for (const std::string& address : shown_addresses(first))
      out += (out.empty() ? "" : ", ") + text_of(address, first, count);
    i += count;
  }
  return out;
}

std::vector<std::string> shown_addresses(const published_port& port) {
  if (port.address.empty()) return {"0.0.0.0", "::"};
  return {port.address};
}

}  // namespace lxr
