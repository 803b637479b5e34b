// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/name_resolution.hpp"

#include <fcntl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <vector>

#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "pipeline/network/resolv_conf.hpp"

namespace lxr::rootfs {
namespace {

using network::lines_of;
using network::server_of;
using network::words_of;

bool has_server(const std::string& text, const std::string& server) {
  return std::ranges::any_of(lines_of(text), [&](const std::string& line) { return server_of(line) == server; });
}

bool is_reachable(const std::string& server, network_mode mode) {
  if (server.starts_with("127.") || server == "::1") return false;
  return mode != network_mode::bridge || server.find(':') == std::string::npos;
}

bool names_host(const std::string& hosts, const std::string& name) {
  return std::ranges::any_of(lines_of(hosts), [&](const std::string& line) {
    const auto words = words_of(line.substr(0, line.find('#')));
    return words.size() > 1 && std::ranges::find(words.begin() + 1, words.end(), name) != words.end();
  });
}

}  // namespace

own_place place_of(const container_config& config, const std::vector<network::membership>& in) {
  if (in.empty()) return {};
  return {io::netlink::to_string(in.front().address), io::netlink::to_string(in.front().of.gateway),
          network::resolver_of(config, in)};
}

std::string default_hostname(const container_config& config) {
  utsname host{};
  const bool is_of_host = config.network.mode == network_mode::host || config.namespaces.uts == "host";
  if (is_of_host && ::uname(&host) == 0) return host.nodename;
  return short_id(config.id);
}

namespace {

// Adds "ADDRESS<tab>NAMES" for those names that the text does not have yet.
void add_names(std::string& out, const std::string& address, const std::vector<std::string>& names) {
  std::string fresh;
  for (const std::string& name : names) {
    if (!name.empty() && !names_host(out + "0 " + fresh, name)) fresh += " " + name;
  }
  if (!fresh.empty()) out += address + "\t" + fresh.substr(1) + "\n";
}

// "NAME:ADDRESS", where an IPv6 address may be in brackets.
void add_entry(std::string& out, const std::string& entry, const own_place& place) {
  const auto colon = entry.find(':');
  std::string address = entry.substr(colon + 1);
  if (address == "host-gateway") address = place.gateway.empty() ? "127.0.0.1" : place.gateway;
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  out += address + "\t" + entry.substr(0, colon) + "\n";
}

}  // namespace

std::string hosts_file(const container_config& config, const own_place& place, const std::string& hosts_own) {
  const bool shared = config.network.mode == network_mode::host;
  std::string out = shared ? hosts_own : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  for (const std::string& entry : config.network.hosts) add_entry(out, entry, place);
  if (!place.gateway.empty()) add_names(out, place.gateway, {"host.containers.internal", "host.docker.internal"});
  add_names(out, place.address.empty() ? "127.0.1.1" : place.address, {config.network.hostname, config.name});
  return out;
}

std::string hosts_file(const container_config& config, const own_place& place) {
  const bool shared = config.network.mode == network_mode::host;
  return hosts_file(config, place, shared ? file::read_at(AT_FDCWD, "/etc/hosts").value_or("") : "");
}

namespace {

std::string line_of(const char* keyword, const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (word != "." || words.size() > 1) out += " " + word;
  }
  return out.empty() ? "" : keyword + out + "\n";
}

// Whether the options replace this line of the host's file.
bool is_replaced(const std::string& line, const network_options& options) {
  const auto words = words_of(line);
  if (words.empty()) return false;
  return (words[0] == "nameserver" && !options.dns.empty()) ||
         (words[0] == "options" && !options.dns_options.empty()) ||
         ((words[0] == "search" || words[0] == "domain") && !options.dns_search.empty());
}

}  // namespace

std::string resolv_conf(const network_options& options, const std::string& hosts_own, const std::string& resolver) {
  const bool is_untouched = options.dns.empty() && options.dns_search.empty() && options.dns_options.empty();
  if (options.mode == network_mode::host && is_untouched) return hosts_own;
  std::string out = line_of("search", options.dns_search);
  const std::vector<std::string> servers = resolver.empty() ? options.dns : std::vector{resolver};
  bool any = !servers.empty();
  for (const std::string& server : servers) out += "nameserver " + server + "\n";
  for (const std::string& line : lines_of(hosts_own)) {
    const std::string server = server_of(line);
    if (is_replaced(line, options) || (!server.empty() && !resolver.empty())) continue;
    if (!server.empty() && options.mode != network_mode::host && !is_reachable(server, options.mode)) continue;
    any = any || !server.empty();
    out += line + "\n";
  }
  out += line_of("options", options.dns_options);
  // Else names without a dot would go out with a search domain first. The last option of a kind counts.
  const bool is_chosen =
      std::ranges::any_of(options.dns_options, [](const auto& o) { return o.starts_with("ndots:"); });
  if (!resolver.empty() && !is_chosen) out += "options ndots:0\n";
  if (!any && options.mode == network_mode::bridge) out += "nameserver 8.8.8.8\nnameserver 8.8.4.4\n";
  return out;
}

std::string resolv_conf_here(const network_options& options, const std::string& resolver) {
  std::string text = file::read_at(AT_FDCWD, "/etc/resolv.conf").value_or("");
  // systemd-resolved listens on the loopback interface, and has a file with the servers that it asks.
  if (options.mode != network_mode::host && has_server(text, "127.0.0.53"))
    text = file::read_at(AT_FDCWD, "/run/systemd/resolve/resolv.conf").value_or(text);
  return resolv_conf(options, text, resolver);
}

}  // namespace lxr::rootfs
