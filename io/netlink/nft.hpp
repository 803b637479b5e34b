#pragma once

#include <string>
#include <vector>

#include "io/netlink/route.hpp"

// nf_tables over netlink (linux/netfilter/nf_tables.h; wiki.nftables.org), without the nft program. All tables are of family ip.
namespace lxr::io::netlink {

// One table, made in one transaction: whatever leaves `from` for elsewhere is masqueraded.
//   table ip NAME { comment COMMENT
//                   chain postrouting { type nat hook postrouting priority srcnat;
//                                       ip saddr FROM ip daddr != FROM masquerade } }
// A table of that name is replaced. Throws error{errc::unsupported} when the kernel has no nf_tables NAT.
void install_masquerade(const std::string& table, const subnet& from, const std::string& comment);

// One table: nothing is forwarded from one of `links` to one of them.
//   table ip NAME { comment COMMENT
//                   chain forward { type filter hook forward priority filter; iifname LINK jump on; ... }
//                   chain on { oifname LINK drop; ... } }
// A table of that name is replaced.
void install_no_forwarding(const std::string& table, const std::vector<std::string>& links, const std::string& comment);

// Removes the table; a missing one is not an error.
void remove_table(const std::string& table);

struct table {
  std::string name, comment;
};
std::vector<table> list_tables();

}  // namespace lxr::io::netlink
