// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <string>
#include <string_view>
#include <utility>

#include "io/netlink/message.hpp"

// The beginnings of messages to nf_tables, for nft.cpp and nft_query.cpp.
namespace lxr::io::netlink::nft {

inline void put_family(nlmsghdr* h, std::uint8_t of, std::uint16_t resource = 0) {
  auto* g = static_cast<nfgenmsg*>(put_extra_header(h, sizeof(nfgenmsg)));
  g->nfgen_family = of;
  g->version = NFNETLINK_V0;
  g->res_id = htons(resource);
}

inline nlmsghdr* start_message(batch& b, std::uint8_t of, int type, std::uint16_t flags, std::string subject) {
  nlmsghdr* h = b.start(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
                        static_cast<std::uint16_t>(NLM_F_REQUEST | flags), std::move(subject));
  put_family(h, of);
  return h;
}

inline void put_data(nlmsghdr* h, std::uint16_t attribute, std::string_view data) {
  nlattr* nest = attr_nest_start(h, attribute);
  attr_put(h, NFTA_DATA_VALUE, data.size(), data.data());
  attr_nest_end(h, nest);
}

}  // namespace lxr::io::netlink::nft
