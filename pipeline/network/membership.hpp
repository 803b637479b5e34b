// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/layout.hpp"

namespace lxr::network {

// A network that a container is in, and its address there.
struct membership {
  layout of;
  io::netlink::ipv4 address = 0;
  std::string link;  // the host's end
};
// Those of a container that runs, as its record says.
std::vector<membership> memberships_of(const instance& where, const container_state& state);

// The host end of the veth of a container: "lv", the first 12 digits of the id, and a letter for all but its first.
std::string link_name(const std::string& container_id, int position = 0);
inline constexpr std::size_t first_link_size = 14;
// Returns the position that a link's name was made for, and the index of the container's end there.
int position_of(const std::string& link);
int inner_index(int position);

// The aliases of a container in a network, and all names that lead to it there: its own, its short id and the aliases.
std::vector<std::string> aliases_in(const container_config& config, const std::string& network);
std::vector<std::string> names_in(const container_config& config, const std::string& network);

// Returns the server that the container's resolv.conf(5) names in place of all others: the resolver, on the gateway of
// its first network with names, or with --egress of its first network. "" for any other container, and for one whose
// --dns servers are all on its own loopback, where the resolver cannot ask them.
std::string resolver_of(const container_config& config, const std::vector<membership>& in);
bool is_loopback(const std::string& server);

}  // namespace lxr::network
