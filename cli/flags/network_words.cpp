// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/network_words.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"
#include "core/model/network_record.hpp"
#include "pipeline/network/egress_policy.hpp"

namespace lxr::cli {
namespace {

bool is_address(int family, const std::string& text) {
  unsigned char bytes[16];
  return ::inet_pton(family, text.c_str(), bytes) == 1;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(separator, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void set_option(network_request& n, const std::string& key, const std::string& value, const std::string& word) {
  if (key == "name") {
    n.name = value;
  } else if (key == "ip") {
    n.address = check_ipv4(value, "--network ip");
  } else if (key == "mac" || key == "mac-address") {
    n.mac = check_mac(value, "--network mac");
  } else if (key == "alias") {
    n.aliases.push_back(check_alias(value, "--network alias"));
  } else if (key == "ip6" || key == "interface_name" || key == "driver-opt" || key == "gw-priority" ||
             key == "link-local-ip" || key == "host_interface_name") {
    throw error(errc::unsupported, "use --network", '"' + word + '"', "lxr does not have " + key + " yet");
  } else {
    refuse_value("--network", word, "the options of a network are ip, mac and alias");
  }
}

void set_options(network_request& n, const std::string& options, const std::string& word) {
  for (const std::string& option : split(options, ',')) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) refuse_value("--network", word, "an option is KEY=VALUE");
    set_option(n, option.substr(0, equals), option.substr(equals + 1), word);
  }
}

// Splits "ADDRESS:HOST:CONTAINER" at its colons; an IPv6 address is in brackets.
struct publish_parts {
  std::string address, host, inner;
  bool has_host = false;
};
publish_parts parts_of(const std::string& word) {
  publish_parts out;
  const auto last = word.rfind(':');
  if (last == std::string::npos || word.find(']', last) != std::string::npos) {
    out.inner = word;
    return out;
  }
  out.inner = word.substr(last + 1);
  const std::string rest = word.substr(0, last);
  const auto before = rest.rfind(':');
  out.has_host = true;
  if (before == std::string::npos) {
    out.host = rest;
    return out;
  }
  out.host = rest.substr(before + 1);
  out.address = rest.substr(0, before);
  const bool in_brackets = out.address.starts_with('[') && out.address.ends_with(']');
  if (in_brackets) out.address = out.address.substr(1, out.address.size() - 2);
  if (!is_address(in_brackets ? AF_INET6 : AF_INET, out.address)) {
    refuse_value("--publish", word,
                 '"' + out.address + "\" is no address of a host" +
                     (is_address(AF_INET6, out.address) ? "; an IPv6 address is in brackets" : ""));
  }
  return out;
}

}  // namespace

std::string check_ipv4(const std::string& word, const std::string& flag) {
  if (!is_address(AF_INET, word)) refuse_value(flag, word, "it is no IPv4 address");
  return word;
}

std::string check_address(const std::string& word, const std::string& flag) {
  if (!is_address(AF_INET, word) && !is_address(AF_INET6, word)) refuse_value(flag, word, "it is no IP address");
  return word;
}

std::string check_resolver_word(const std::string& word, const std::string& flag) {
  const auto is_plain = [](unsigned char c) { return std::isgraph(c) != 0; };
  if (word.empty() || !std::ranges::all_of(word, is_plain)) refuse_value(flag, word, "it is empty or has blanks");
  return word;
}

std::string check_alias(const std::string& word, const std::string& flag) {
  if (word.empty()) refuse_value(flag, word, "it is empty");
  check_hostname(word, flag);
  return word;
}

std::string check_mac(const std::string& word, const std::string& flag) {
  bool good = word.size() == 17;
  for (std::size_t i = 0; good && i < word.size(); ++i)
    good = i % 3 == 2 ? word[i] == ':' || word[i] == '-' : std::isxdigit(static_cast<unsigned char>(word[i])) != 0;
  if (!good) refuse_value(flag, word, "it is no MAC address, such as 02:42:0a:05:00:07");
  std::string out = word;
  std::ranges::replace(out, '-', ':');
  if (out == "00:00:00:00:00:00") refuse_value(flag, word, "it is the address of no link");
  if ((std::stoul(out.substr(0, 2), nullptr, 16) & 1) != 0)
    refuse_value(flag, word, "it is the address of a group: the last bit of its first part is set");
  return out;
}

void add_network(network_options& to, const std::string& word) {
  constexpr std::string_view of_container = "container:", of_path = "ns:";
  for (const network_mode mode : {network_mode::none, network_mode::host}) {
    if (word == to_word(mode)) {
      to.mode = mode;
      return;
    }
  }
  if (word.starts_with(of_container)) {
    to.mode = network_mode::container;
    to.joined = word.substr(of_container.size());
    if (to.joined.empty()) refuse_value("--network", word, "it names no container");
    return;
  }
  if (word.starts_with(of_path)) {
    to.mode = network_mode::path;
    to.joined = word.substr(of_path.size());
    if (!to.joined.starts_with('/')) refuse_value("--network", word, "its path does not begin with /");
    return;
  }
  network_request n;
  const auto colon = word.find(':');
  if (word.find('=') != std::string::npos && colon > word.find('=')) {
    set_options(n, word, word);
  } else {
    n.name = word.substr(0, colon);
    if (colon != std::string::npos) set_options(n, word.substr(colon + 1), word);
  }
  if (n.name == "default" || n.name == "private" || n.name == "podman") n.name = default_network;
  if (n.name == "pasta" || n.name == "slirp4netns")
    throw error(errc::unsupported, "use --network", '"' + word + '"', "lxr does not have " + n.name + " yet");
  if (n.name.empty()) refuse_value("--network", word, "it names no network");
  to.mode = network_mode::bridge;
  to.networks.push_back(std::move(n));
}

void add_egress(network_options& to, const std::string& word) {
  if (!to.egress) to.egress.emplace();
  if (word == "none") return;
  const std::vector<std::string> words = split(word, ',');
  static_cast<void>(network::parse_egress(words));
  to.egress->insert(to.egress->end(), words.begin(), words.end());
}

port_request parse_publish(const std::string& word) {
  const publish_parts parts = parts_of(word);
  const std::string operation = "use --publish";
  port_request out;
  out.address = parts.address;
  out.inner = parse_port_range(parts.inner, operation, word);
  if (parts.host.empty() || parts.host == "0") return out;
  if (parts.host.find('/') != std::string::npos)
    refuse_value("--publish", word, "the protocol stands at the end: 8080:80/udp");
  const port_range host = parse_port_range(parts.host, operation, word);
  out.first_host = host.first;
  out.last_host = host.last;
  const int inner = out.inner.last - out.inner.first, outer = host.last - host.first;
  if (inner != outer && inner != 0)
    refuse_value("--publish", word, "the ranges of host and container are not equally long");
  return out;
}

std::vector<std::string> parse_host_entry(const std::string& word) {
  const auto separator = std::min(word.find(':'), word.find('='));
  if (separator == std::string::npos || separator == 0)
    refuse_value("--add-host", word, "it is NAME:ADDRESS, for example db:10.5.0.7");
  std::string address = word.substr(separator + 1);
  const std::string inner =
      address.starts_with('[') && address.ends_with(']') ? address.substr(1, address.size() - 2) : address;
  if (inner != "host-gateway") check_address(inner, "--add-host");
  std::vector<std::string> out;
  for (const std::string& name : split(word.substr(0, separator), ';')) {
    if (name.empty()) refuse_value("--add-host", word, "it has an empty name");
    check_hostname(name, "--add-host");
    out.push_back(name + ":" + inner);
  }
  return out;
}

}  // namespace lxr::cli
