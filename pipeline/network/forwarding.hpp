#pragma once

#include "io/netlink/route.hpp"

namespace lxr::network {

// net.ipv4.ip_forward of this network namespace, which containers need to reach each other and the world. Where it is off,
// it is switched on for lxr's bridges only: the nft table "lxr-forward" keeps the links that were there from forwarding to
// each other, as before. For all instances together; the caller holds the lock under which all of them make networks.
void allow_forwarding(const io::netlink::socket& route);

// Switches it off again, if lxr switched it on, no network of lxr is left, and no link has come meanwhile: that may be of somebody
// who relies on what he found.
void withdraw_forwarding(const io::netlink::socket& route);

}  // namespace lxr::network
