// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_fields.hpp"

namespace lxr {

// IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP, by its name. Returns "" or 0 for any other.
std::string to_protocol_word(int protocol);
int parse_protocol(std::string_view word);

// A port of a container as an image or a user names it: first to last, both included.
struct port_range {
  int protocol = 0;
  std::uint16_t first = 0, last = 0;
};
// Parses "80", "80-90", "80/udp".  Failure: throws errc::invalid_argument with `operation` and, as its subject,
// `whole`, of which the word is a part.
port_range parse_port_range(std::string_view word, const std::string& operation, std::string_view whole);
inline port_range parse_port_range(std::string_view word, const std::string& operation) {
  return parse_port_range(word, operation, word);
}

// A request to publish ports of a container at ports of the host.
struct port_request {
  std::string address;                          // of the host, "" for all
  std::uint16_t first_host = 0, last_host = 0;  // 0: any free one
  port_range inner;  // as many as host ports; or one, that is published at a free one of these
};

// One port that is published.
struct published_port {
  std::string address;  // of the host, "" for all
  std::uint16_t host = 0, inner = 0;
  int protocol = 0;
  bool operator==(const published_port&) const = default;
};

template <class Format, json::same_struct<port_request> T>
void describe(Format& f, T& v) {
  f("address", v.address);
  f("firstHost", v.first_host);
  f("lastHost", v.last_host);
  f("first", v.inner.first);
  f("last", v.inner.last);
  f("protocol", v.inner.protocol);
}

template <class Format, json::same_struct<published_port> T>
void describe(Format& f, T& v) {
  f("address", v.address);
  f("host", v.host);
  f("inner", v.inner);
  f("protocol", v.protocol);
}

// Returns the addresses of the host that a port is published at, as users see them: "0.0.0.0" and "::" for all.
std::vector<std::string> shown_addresses(const published_port& port);

// Returns "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp", as ps shows it. Ports that follow each other are one range.
std::string to_text(const std::vector<published_port>& ports);

}  // namespace lxr
