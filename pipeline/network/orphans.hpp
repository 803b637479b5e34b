// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/netlink/route.hpp"

namespace lxr::network {

// Removes bridges and nft tables of instances whose state directory no longer exists (core/instance/ownership.hpp). A
// network with links stays, because containers run there. The caller holds lock_host_network(), so that no network is
// being made.
void sweep_orphans(const io::netlink::socket& route);

}  // namespace lxr::network
