#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/netlink/socket.hpp"

// Links, addresses and routes (rtnetlink(7)). put_* add one message to a batch; the others talk at once.
namespace lxr::io::netlink {

// IPv4 in host byte order.
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

// The interface of a container, born in its namespace with this index (1 is lo): it need not be asked for.
inline constexpr int peer_index = 2;

struct veth {
  std::string host_name;
  int host_index = 0;      // index of the host end, which the caller chooses: it need not be asked for
  int bridge = 0;          // index of the bridge the host end joins
  int peer_namespace = 0;  // pid of a process in the peer's namespace
  mac_address peer_mac{};
};

// Up, without multicast snooping: its ports pass no multicast frames to each other.
void put_bridge(batch& b, const std::string& name, const mac_address& mac);
void put_link_up(batch& b, int index, const std::string& subject);
// Unless `with_route`, the rest of the subnet is not on the link: it is reached by whatever other route there is.
void put_address(batch& b, int index, ipv4 address, int prefix, const std::string& subject, bool with_route = true);
// A route through no gateway.
void put_route(batch& b, const subnet& to, int index);
// Who has an address is known for ever: nobody asks for it, and it does not count against the kernel's limit of
// neighbours (net.ipv4.neigh.default.gc_thresh3, 1,024 for all namespaces together).
void put_neighbour(batch& b, int index, ipv4 address, const mac_address& mac);
// Through `gateway`, which is taken to be on link `index` whatever other routes say.
void put_default_route(batch& b, ipv4 gateway, int index);
// A veth pair: the peer is "eth0", down (a peer cannot be created up); the host end is made a port as by put_port().
// Several messages: a failure is that of the first that failed.
void put_veth(batch& b, const veth& link);
// The host end becomes a port of its bridge, and comes up. The port is
//   isolated: it exchanges frames with the bridge itself (the host) only, never with another port;
//   locked (Linux 5.18): it takes in only frames whose source is `peer_mac`;
//   not learning: the forwarding table's one entry for `peer_mac`, written here, leads to it, whatever sources others forge.
// It gets no IPv6 address, else each new port would greet the bridge. Several messages.
void put_port(batch& b, const veth& link);
// Asks for a link (RTM_GETLINK). The kernel finishes what is pending for the link before it answers (Linux 6.8), among
// that what a change of its carrier leads to: before, the link drops what it is to send, and is no working port.
void put_link_question(batch& b, int index);
// A text that is kept with the link.
void put_alias(batch& b, const std::string& name, const std::string& alias);
// No link-local address when the link comes up. Adds nothing where the kernel has no IPv6.
void put_no_ipv6_address(batch& b, int index, const std::string& name);
void put_delete_link(batch& b, int index, const std::string& name);

// Deletes a link; one that is not there is not an error.
void delete_link(const socket& route, const std::string& name);

struct link {
  int index = 0;
  std::string name, alias;
  int master = 0;  // index of the bridge it is a port of; 0: none
};
std::vector<link> list_links(const socket& route);

int link_index(const std::string& name);  // 0: no such link
std::vector<std::string> link_names(const socket& route);
// Every subnet the host has an address in or a route to (default routes excluded).
std::vector<subnet> used_subnets(const socket& route);

}  // namespace lxr::io::netlink
