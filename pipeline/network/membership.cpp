// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/membership.hpp"

#include <algorithm>

#include "core/instance/names.hpp"

namespace lxr::network {

namespace nl = io::netlink;

std::string link_name(const std::string& container_id, int position) {
  std::string name = "lv" + container_id.substr(0, short_id_size);
  if (position != 0) name += static_cast<char>('a' + position);
  return name;
}

int position_of(const std::string& link) { return link.size() > first_link_size ? link[first_link_size] - 'a' : 0; }
int inner_index(int position) { return nl::first_peer_index + position; }

std::vector<std::string> aliases_in(const container_config& config, const std::string& network) {
  const network_options& n = config.network;
  std::vector<std::string> out = n.aliases;
  const auto asked = std::ranges::find(n.networks, network, &network_request::name);
  if (asked != n.networks.end()) out.insert(out.end(), asked->aliases.begin(), asked->aliases.end());
  return out;
}

std::vector<std::string> names_in(const container_config& config, const std::string& network) {
  std::vector<std::string> out{config.name, short_id(config.id)};
  for (std::string& alias : aliases_in(config, network)) out.push_back(std::move(alias));
  return out;
}

bool is_loopback(const std::string& server) { return server.starts_with("127.") || server == "::1"; }

std::vector<membership> memberships_of(const instance& where, const container_state& state) {
  std::vector<membership> out;
  for (const network_place& p : state.networks) {
    auto of = saved_layout(where, p.directory);
    const auto address = nl::parse_ipv4(p.address);
    if (of && address) out.push_back({std::move(*of), *address, p.link});
  }
  return out;
}

std::string resolver_of(const container_config& config, const std::vector<membership>& in) {
  const auto& dns = config.network.dns;
  if (config.network.egress && !in.empty()) return nl::to_string(in.front().of.gateway);
  if (!dns.empty() && std::ranges::all_of(dns, is_loopback)) return "";
  const auto first = std::ranges::find_if(in, [](const membership& m) { return m.of.has_names; });
  return first == in.end() ? "" : nl::to_string(first->of.gateway);
}

}  // namespace lxr::network
