#pragma once

#include "io/netlink/route.hpp"

namespace lxr::network {

// Removes bridges and nft tables of instances whose state directory is gone (core/instance/ownership). A bridge that still has
// ports stays: containers run there. The caller holds the lock under which all instances make networks, so that none is
// just being made.
void sweep_orphans(const io::netlink::socket& route);

}  // namespace lxr::network
