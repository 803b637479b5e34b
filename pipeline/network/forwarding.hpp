// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/netlink/route.hpp"

namespace lxr::network {

// Lets packets of containers pass the chains of iptables and firewalld (their tables exist or not), and switches on
// net.ipv4.ip_forward of this network namespace, which containers need to reach each other and the world.
// If it was off, the nft table "lxr-forward" keeps the links that existed from forwarding to each other, so that only
// lxr's links forward. For all instances together; the caller holds lock_host_network().
void allow_forwarding(const io::netlink::socket& route);

// Takes that back when no network of lxr is left: ip_forward goes off again if lxr switched it on and no other link was
// added since: its owner may rely on forwarding. The caller holds lock_host_network().
void withdraw_forwarding(const io::netlink::socket& route);

}  // namespace lxr::network
