// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/instance/paths.hpp"
#include "core/model/published_port.hpp"
#include "io/netlink/route.hpp"

// The nft table of an instance. Its chains and rules are always the same; networks and published ports are elements of
// its sets and maps, so that no packet and no change costs more where there are many of them.
//   - Links of a network are known by their group (IFLA_GROUP).
//   - Into a network is forwarded only what belongs to a connection from inside, comes from the network itself or goes
//     to a published port. The rest is rejected, from other networks as from neighbours of the host that have a route
//     here.
//   - A container with --egress reaches only what that allows (egress.hpp).
//   - Out of an internal network nothing is forwarded. From another one packets leave with an address of the host.
//   - Packets to a published port of the host, from outside, from a container or from the host itself, have their
//     destination changed (DNAT) and keep their source; a container that reaches itself that way gets the host's as
//     source. Packets to 127.0.0.0/8 never are changed: a listening socket takes these (port_relay.hpp). So
//     route_localnet is not needed.
// All functions block until the kernel has answered and throw lxr::error. Calls about networks need
// lock_host_network().
namespace lxr::network {

// What the table knows of one network.
struct firewall_entry {
  std::uint32_t group = 0;
  io::netlink::subnet range;
  bool is_internal = false;
};

// Makes the table if missing, and enters the network.  Failure: throws errc::unsupported without nf_tables.
void enter_network(const instance& where, const firewall_entry& network);
// Returns false for an instance without networks, and when another program has flushed the table.
bool has_table(const instance& where);
// Takes the network out; the table goes with the last one.
void forget_network(const instance& where, const firewall_entry& network);

// One published port and the container behind it.
struct port_entry {
  published_port port;
  io::netlink::ipv4 target = 0;
};

// Publishes all ports of a container or none.
// Failure: throws errc::conflict when one is published already, and names its container; errc::not_found without the
//   table, which an administrator may have flushed.
void publish(const instance& where, const std::string& container_id, const std::vector<port_entry>& ports);
// Ends that for the ports that the container still has: another one may have taken them over.
void withdraw(const instance& where, const std::string& container_id, const std::vector<port_entry>& ports);

// The error about a port of the host that is taken. `owner` is "container NAME", or "" for another process.
error port_is_taken(const published_port& wanted, const std::string& owner);

struct port_owner {
  port_entry entry;  // entry.port.address is "" or an address of the host
  std::string container_id;
};
std::vector<port_owner> list_published(const instance& where);

}  // namespace lxr::network
