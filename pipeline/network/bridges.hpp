// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/file_lock.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"

// The bridges of an instance's network: making, finding and removing them, and the locks for that. Used by
// bridge_network.cpp.
namespace lxr::network {

inline constexpr const char* network_directory = "networks/bridge";  // in the state directory
inline constexpr std::uint32_t gateway_number = 1;
inline constexpr std::uint32_t bridge_count = 64;  // blocks of 1,024 addresses in a /16

// Returns the name of the first bridge, or of the one for the n-th block; at most 14 characters (IFNAMSIZ is 16).
std::string bridge_name(const instance& where, std::uint32_t n = 0);
// Returns the name of a file that exists once the n-th bridge has its route: a bridge without that file is incomplete.
std::string ready_mark(std::uint32_t n);
// Returns the path of the network's record in the state directory.
std::string record_path();

// Waits for the lock of the instance's network; closing the returned descriptor frees it. Starts hold it shared while
// they take an address; making or removing the network or a bridge needs it exclusively.
unique_fd lock_network(const instance& where, file::lock_kind kind);
// Waits for the lock under which one lxr process of this host at a time looks at the host's subnets and chooses a free
// one; closing the returned descriptor frees it.
unique_fd lock_host_network();

// Returns the subnet of the network that was made last; it may no longer exist in the kernel. Throws errc::corrupt for
// a damaged record, errc::unsupported for that of a newer lxr.
std::optional<io::netlink::subnet> saved_subnet(const instance& where);
io::netlink::mac_address mac_for(io::netlink::ipv4 address);

// Makes the network with its first bridge, replacing what an interrupted call left. The caller holds
// lock_network() exclusively.
// Failure: throws lxr::error, errc::exhausted without a free subnet; the bridge is removed.
void make_network(const instance& where, const io::netlink::socket& route);
// Makes the bridge for the n-th block and the route to it; returns its index. The caller holds lock_network()
// exclusively.
// Failure: throws lxr::error; the bridge is removed.
int make_further_bridge(const instance& where, const io::netlink::socket& route, const io::netlink::subnet& range,
                        std::uint32_t n);
void remove_bridges(const instance& where, const io::netlink::socket& route);

}  // namespace lxr::network
