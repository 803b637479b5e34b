// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/netlink/route.hpp"

// nf_tables over netlink (linux/netfilter/nf_tables.h; wiki.nftables.org), without the nft program. All tables are of
// family ip. Every function opens a socket in the calling thread's network namespace and blocks until the kernel has
// answered.
namespace lxr::io::netlink {

// Creates a table in one transaction; it masquerades packets from `from` to any other subnet.
//   table ip NAME { comment COMMENT
//                   chain postrouting { type nat hook postrouting priority srcnat;
//                                       ip saddr FROM ip daddr != FROM masquerade } }
// Replaces a table with that name.  Failure: throws error{errc::unsupported} when the kernel has no nf_tables NAT.
void install_masquerade(const std::string& table, const subnet& from, const std::string& comment);

// Creates a table in one transaction; it drops packets that would be forwarded from one of `links` to one of `links`.
//   table ip NAME { comment COMMENT
//                   chain forward { type filter hook forward priority filter; iifname LINK jump on; ... }
//                   chain on { oifname LINK drop; ... } }
// Replaces a table with that name.  Failure: as install_masquerade().
void install_no_forwarding(const std::string& table, const std::vector<std::string>& links, const std::string& comment);

// Removes a table; a missing one is no error.
void remove_table(const std::string& table);

struct table {
  std::string name, comment;
};
std::vector<table> list_tables();

}  // namespace lxr::io::netlink
