#pragma once

#include <optional>
#include <string>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"

// The bridges of an instance's network: what bridge_network.cpp makes, finds and removes, and the locks for that.
namespace lxr::network {

inline constexpr const char* network_directory = "networks/bridge";  // in the state directory
inline constexpr std::uint32_t gateway_number = 1;
inline constexpr std::uint32_t bridge_count = 64;  // of a /16

// Of the first bridge, and of the one that carries the n-th block; at most 14 characters (IFNAMSIZ is 16).
std::string bridge_name(const instance& where, std::uint32_t n = 0);
// A file that is there once a further bridge has its route and works: one without it was left half made.
std::string ready_mark(std::uint32_t n);

// flock(2), shared or exclusive, for the life of this object.
class file_lock {
 public:
  file_lock(unique_fd fd, int kind);

 private:
  unique_fd fd_;
};
file_lock lock_network(const instance& where, int kind);
// Subnets are chosen by looking at the host's; every lxr of this host does so one at a time.
file_lock lock_host_network();

// Of the network that was made last; whether it is still in the kernel is another question.
std::optional<io::netlink::subnet> saved_subnet(const instance& where);
io::netlink::mac_address mac_for(io::netlink::ipv4 address);

// Under lock_network(LOCK_EX). Makes the network with its first bridge; whatever an interrupted making left is replaced.
void make_network(const instance& where, const io::netlink::socket& route);
// Under lock_network(LOCK_EX). Makes the bridge for the n-th block, and the route to it; returns its index.
int make_further_bridge(const instance& where, const io::netlink::socket& route, const io::netlink::subnet& range, std::uint32_t n);
void remove_bridges(const instance& where, const io::netlink::socket& route);

}  // namespace lxr::network
