// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace lxr::io::netlink {

// Makes the kernel forget the IPv4 connections of this network namespace whose first packet went to one of these ports
// at an address of this host, by connection tracking's netlink interface (linux/netfilter/nfnetlink_conntrack.h). The
// next packet of each is judged by the address translation of then. Meant for protocols without an end, such as UDP
// (IPPROTO_UDP): while packets go on, so does their translation.
// Since Linux 5.8 the kernel looks for the ports; before, this function reads the whole table.
// Failure: throws lxr::error.
struct tracked_port {
  std::uint8_t protocol;
  std::uint16_t port;  // in host order
};
void forget_connections(const std::vector<tracked_port>& to);

}  // namespace lxr::io::netlink
