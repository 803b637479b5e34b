// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/netlink/socket.hpp"

// Links, addresses and routes (rtnetlink(7)). put_* functions add messages to a batch, which the caller sends; the
// other functions ask the kernel at once, block and throw lxr::error.
namespace lxr::io::netlink {

// An IPv4 address in host byte order.
using ipv4 = std::uint32_t;
std::string to_string(ipv4 address);
std::optional<ipv4> parse_ipv4(const std::string& text);

struct subnet {
  ipv4 base = 0;
  int prefix = 0;
  [[nodiscard]] ipv4 mask() const noexcept { return prefix == 0 ? 0 : ~ipv4{0} << (32 - prefix); }
  [[nodiscard]] bool overlaps(const subnet& other) const noexcept {
    const ipv4 common = mask() & other.mask();
    return (base & common) == (other.base & common);
  }
};

using mac_address = std::array<std::uint8_t, 6>;
std::string to_string(const mac_address& mac);

// The index of a container's eth0: lxr creates it with this index in the container's network namespace, where 1 is lo.
inline constexpr int first_peer_index = 2;

struct veth {
  std::string host_name;
  int host_index = 0;  // index of the host end; the caller chooses it and need not ask the kernel for it
  mac_address host_mac{};
  std::uint32_t group = 0;  // IFLA_GROUP of the host end
  int peer_namespace = 0;   // pid of a process in the peer's namespace
  mac_address peer_mac{};
  std::string peer_name = "eth0";
  int peer_index = first_peer_index;
  int mtu = 0;  // of both ends, in bytes; 0: the kernel's choice
};

struct bridge {
  std::string name;
  mac_address mac{};
  std::uint32_t group = 0;  // IFLA_GROUP
  int mtu = 0;              // 0: the kernel's choice
};
// A bridge that is up.
void put_bridge(batch& b, const bridge& link);
void put_link_up(batch& b, int index, const std::string& subject);
// With `with_route` false the kernel adds no route for the subnet to this link: other routes lead to the rest of it.
void put_address(batch& b, int index, ipv4 address, int prefix, const std::string& subject, bool with_route = true);
// Adds a route to one address on the link, without a gateway; packets that this host sends there have `source`.
void put_host_route(batch& b, ipv4 to, int index, ipv4 source);
void put_no_host_route(batch& b, ipv4 to, int index);  // removes it
// Adds a permanent neighbour entry: nobody sends ARP requests for `address`, and the entry does not count towards the
// kernel's limit of neighbours (net.ipv4.neigh.default.gc_thresh3: 1,024 for all namespaces together).
void put_neighbour(batch& b, int index, ipv4 address, const mac_address& mac);
// Adds the default route through `gateway` on link `index`. RTNH_F_ONLINK: the kernel does not check that another route
// leads to the gateway.
void put_default_route(batch& b, ipv4 gateway, int index);
// Adds a route to a subnet through `gateway` on link `index`, as put_default_route().
void put_route_through(batch& b, const subnet& to, ipv4 gateway, int index);
// Creates a veth pair, whose ends are both down.
void put_veth(batch& b, const veth& link);
// Brings the host end up. It forwards IPv4, takes only packets whose source address is routed to it (rp_filter,
// RFC 3704: strict) and sends no ICMP redirects.
void put_veth_up(batch& b, const veth& link);
// Asks for a link (RTM_GETLINK). Since Linux 6.8 the kernel finishes the pending work of the link before it answers,
// also the consequences of a carrier change. Before these are done the link drops packets it is to send and is no
// working port.
void put_link_question(batch& b, int index);
// Sets the alias of a link: a text that the kernel keeps with it.
void put_alias(batch& b, const std::string& name, const std::string& alias);
// Keeps the kernel from adding an IPv6 link-local address when the link comes up. Adds no message where the kernel has
// no IPv6.
void put_no_ipv6_address(batch& b, int index, const std::string& name);
void put_delete_link(batch& b, int index, const std::string& name);

// Deletes a link; a missing one is no error.
void delete_link(const socket& route, const std::string& name);

struct link {
  int index = 0;
  std::string name, alias;
  std::uint32_t group = 0;
};
std::vector<link> list_links(const socket& route);

int link_index(const std::string& name);  // 0: no such link
std::vector<std::string> link_names(const socket& route);
// Returns every subnet that the host has an address in or a route to, without default routes.
std::vector<subnet> used_subnets(const socket& route);

}  // namespace lxr::io::netlink
