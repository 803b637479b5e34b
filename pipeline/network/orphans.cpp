// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/orphans.hpp"

#include <algorithm>
#include <set>

#include "core/instance/ownership.hpp"
#include "io/netlink/nft.hpp"

namespace lxr::network {

namespace nl = io::netlink;

void sweep_orphans(const nl::socket& route) {
  const std::vector<nl::link> links = nl::list_links(route);
  std::set<std::string> in_use;  // owner marks of networks with links
  for (const nl::link& bridge : links) {
    if (!is_orphaned(bridge.alias)) continue;
    if (std::ranges::any_of(links,
                            [&](const nl::link& l) { return l.index != bridge.index && l.group == bridge.group; })) {
      in_use.insert(bridge.alias);
    } else {
      nl::delete_link(route, bridge.name);
    }
  }
  for (const nl::nft::table& t : nl::nft::list_tables()) {
    if (t.name.starts_with("lxr") && is_orphaned(t.comment) && !in_use.contains(t.comment))
      nl::nft::remove_table(t.of, t.name);
  }
}

}  // namespace lxr::network
