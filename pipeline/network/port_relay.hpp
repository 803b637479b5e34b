// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/async/task.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/ports.hpp"

namespace lxr::network {

// Takes what arrives at the sockets of a container's published ports and passes it on: connections to 127.0.0.1 and
// over IPv6, which the firewall does not translate, and all others while the firewall is flushed. The container sees
// the address of its network's gateway as their source. An end of one direction and a reset are passed on; a connection
// that the container refuses is reset. UDP: the answers to a sender come back to it for 60 s after its last packet.
// Bounds: 1,000 connections, and 1,000 senders of UDP, at one port at a time; further ones wait, or lose packets.
// Runs on: the strand of the executor; ends only when it is cancelled.
// Borrows: the sockets, which must stay open until then.
// Failure: throws only lxr::cancelled. A connection that fails is closed, and the others go on.
// Cancel: terminal; all connections are closed.
task<void> relay_ports(const std::vector<held_port>& ports, io::netlink::ipv4 target);

}  // namespace lxr::network
