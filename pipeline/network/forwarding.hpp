// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/netlink/route.hpp"

namespace lxr::network {

// Switches on net.ipv4.ip_forward of this network namespace, which containers need to reach each other and the world.
// If it was off, the nft table "lxr-forward" keeps the links that existed from forwarding to each other, so that only
// lxr's bridges forward. For all instances together; the caller holds lock_host_network().
void allow_forwarding(const io::netlink::socket& route);

// Switches it off again if lxr switched it on, no network of lxr is left, and no other link was added since: its owner
// may rely on forwarding. The caller holds lock_host_network().
void withdraw_forwarding(const io::netlink::socket& route);

}  // namespace lxr::network
