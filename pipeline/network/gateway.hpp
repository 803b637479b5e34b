// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/base/file_lock.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/layout.hpp"

// The host's end of a network: a bridge device that has the gateway's address and no ports, because each container has
// a link of its own to which the host routes its address. Used by bridge_network.cpp.
namespace lxr::network {

// Waits for the lock of a network; closing the returned descriptor frees it. Starts hold it shared while they take an
// address; making or removing the network needs it exclusively.
unique_fd lock_network(const instance& where, const std::string& directory, file::lock_kind kind);

io::netlink::mac_address mac_for(io::netlink::ipv4 address);
// Turns IPv6 off on a link of the host, and so also router advertisements that arrive there. Does nothing where the
// kernel has no IPv6.
void disable_ipv6(const std::string& link);

// Makes the network, replacing what an interrupted call left; returns it with the subnet that was chosen. The caller
// holds lock_network() exclusively.
// Failure: throws lxr::error, errc::exhausted without a free subnet; the device is removed.
layout make_network(const instance& where, const io::netlink::socket& route, layout wanted);
// Removes the network from the kernel and its record from the state directory.
void remove_network(const instance& where, const io::netlink::socket& route, const layout& of);

}  // namespace lxr::network
