// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/async/task.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/ports.hpp"

namespace lxr::network {

// Relays the packets of one UDP port, as a part of relay_ports().  Failure: throws only lxr::cancelled.  Cancel:
// terminal.
task<void> relay_udp(const held_port& port, io::netlink::ipv4 target);

}  // namespace lxr::network
