// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/name_resolution.hpp"

#include <fcntl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <vector>

#include "core/base/file.hpp"
#include "core/instance/names.hpp"

namespace lxr::rootfs {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = line.find_first_not_of(" \t"); at < line.size();) {
    const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(" \t\r", end);
  }
  return out;
}

// Returns the server of a "nameserver" line; "" for any other line.
std::string server_of(const std::string& line) {
  const auto words = words_of(line);
  return words.size() > 1 && words[0] == "nameserver" ? words[1] : "";
}

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

std::string default_hostname(const container_config& config) {
  utsname host{};
  const bool is_of_host = config.network.mode == network_mode::host || config.namespaces.uts == "host";
  if (is_of_host && ::uname(&host) == 0) return host.nodename;
  return short_id(config.id);
}

std::string hosts_file(const container_config& config, const std::string& address, const std::string& hosts_own) {
  const bool shared = config.network.mode == network_mode::host;
  std::string out = shared ? hosts_own : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  std::string names;
  for (const std::string& name : {config.network.hostname, config.name}) {
    if (!name.empty() && !names_host(out + "0 " + names, name)) names += " " + name;
  }
  if (!names.empty()) out += (address.empty() ? "127.0.1.1" : address) + "\t" + names.substr(1) + "\n";
  return out;
}

std::string hosts_file(const container_config& config, const std::string& address) {
  const bool shared = config.network.mode == network_mode::host;
  return hosts_file(config, address, shared ? file::read_at(AT_FDCWD, "/etc/hosts").value_or("") : "");
}

std::string resolv_conf(network_mode mode, const std::string& hosts_own) {
  if (mode == network_mode::host) return hosts_own;
  std::string out;
  bool any = false;
  for (const std::string& line : lines_of(hosts_own)) {
    const std::string server = server_of(line);
    if (!server.empty() && !is_reachable(server, mode)) continue;
    any = any || !server.empty();
    out += line + "\n";
  }
  if (!any && mode == network_mode::bridge) out += "nameserver 8.8.8.8\nnameserver 8.8.4.4\n";
  return out;
}

std::string resolv_conf(network_mode mode) {
  std::string text = file::read_at(AT_FDCWD, "/etc/resolv.conf").value_or("");
  // systemd-resolved listens on the loopback interface, and has a file with the servers that it asks.
  if (mode != network_mode::host && has_server(text, "127.0.0.53"))
    text = file::read_at(AT_FDCWD, "/run/systemd/resolve/resolv.conf").value_or(text);
  return resolv_conf(mode, text);
}

}  // namespace lxr::rootfs
