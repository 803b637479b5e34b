// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/nft.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"
#include "io/netlink/nft_messages.hpp"

namespace lxr::io::netlink {
namespace {

using nft::expression;

// Adds a rule to a chain; `put` adds the rule's expressions.
template <class Put>
void put_rule(batch& b, const std::string& table, const char* chain, Put put) {
  nlmsghdr* h =
      nft::start(b, NFT_MSG_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND, "nft rule in " + table + "/" + chain);
  attr_put_strz(h, NFTA_RULE_TABLE, table.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain);
  nlattr* list = attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
  put(h);
  attr_nest_end(h, list);
  b.finish();
}

void put_compare(nlmsghdr* h, std::uint32_t compare, const void* bytes, std::size_t size) {
  expression e(h, "cmp");
  e.number(NFTA_CMP_SREG, NFT_REG_1);
  e.number(NFTA_CMP_OP, compare);
  e.value(NFTA_CMP_DATA, bytes, size);
}

// Matches the IPv4 address at byte `offset` of the IP header (12: saddr, 16: daddr) with the subnet; `compare` is
// NFT_CMP_EQ (is inside) or NFT_CMP_NEQ (is not).
void put_address_match(nlmsghdr* h, std::uint32_t offset, const subnet& range, std::uint32_t compare) {
  const std::uint32_t mask = htonl(range.mask()), network = htonl(range.base & range.mask()), zero = 0;
  {
    expression e(h, "payload");
    e.number(NFTA_PAYLOAD_DREG, NFT_REG_1);
    e.number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    e.number(NFTA_PAYLOAD_OFFSET, offset);
    e.number(NFTA_PAYLOAD_LEN, 4);
  }
  {
    expression e(h, "bitwise");
    e.number(NFTA_BITWISE_SREG, NFT_REG_1);
    e.number(NFTA_BITWISE_DREG, NFT_REG_1);
    e.number(NFTA_BITWISE_LEN, 4);
    e.value(NFTA_BITWISE_MASK, &mask, sizeof mask);
    e.value(NFTA_BITWISE_XOR, &zero, sizeof zero);
  }
  put_compare(h, compare, &network, sizeof network);
}

// Matches packets whose input or output link (`key`: NFT_META_IIFNAME or NFT_META_OIFNAME) is `link`.
void put_link_match(nlmsghdr* h, std::uint32_t key, const std::string& link) {
  {
    expression e(h, "meta");
    e.number(NFTA_META_DREG, NFT_REG_1);
    e.number(NFTA_META_KEY, key);
  }
  char name[IFNAMSIZ] = {};
  link.copy(name, sizeof name - 1);
  put_compare(h, NFT_CMP_EQ, name, sizeof name);
}

void put_verdict(nlmsghdr* h, std::int32_t code, const char* chain = nullptr) {
  expression e(h, "immediate");
  e.number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  nlattr* data = attr_nest_start(h, NFTA_IMMEDIATE_DATA);
  nlattr* verdict = attr_nest_start(h, NFTA_DATA_VERDICT);
  attr_put_u32(h, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(code)));
  if (chain != nullptr) attr_put_strz(h, NFTA_VERDICT_CHAIN, chain);
  attr_nest_end(h, verdict);
  attr_nest_end(h, data);
}

}  // namespace

void install_masquerade(const std::string& table, const subnet& from, const std::string& comment) {
  constexpr const char* chain = "postrouting";
  constexpr std::uint32_t source_nat = 100;  // the priority "srcnat"
  batch b;
  nft::put_edge(b, NFNL_MSG_BATCH_BEGIN);
  nft::put_fresh_table(b, table, comment);
  nft::put_chain(b, table, chain, "nat", NF_INET_POST_ROUTING, source_nat);
  put_rule(b, table, chain, [&](nlmsghdr* h) {
    put_address_match(h, 12, from, NFT_CMP_EQ);   // ip saddr
    put_address_match(h, 16, from, NFT_CMP_NEQ);  // ip daddr: packets between bridges of the network keep their source
    {
      const expression e(h, "masq");
    }
  });
  nft::put_edge(b, NFNL_MSG_BATCH_END);
  nft::apply(b);
}

void install_no_forwarding(const std::string& table, const std::vector<std::string>& links,
                           const std::string& comment) {
  batch b;
  nft::put_edge(b, NFNL_MSG_BATCH_BEGIN);
  nft::put_fresh_table(b, table, comment);
  nft::put_chain(b, table, "on", nullptr, 0, 0);
  nft::put_chain(b, table, "forward", "filter", NF_INET_FORWARD, 0);
  for (const std::string& link : links) {
    put_rule(b, table, "on", [&](nlmsghdr* h) {
      put_link_match(h, NFT_META_OIFNAME, link);
      put_verdict(h, NF_DROP);
    });
    put_rule(b, table, "forward", [&](nlmsghdr* h) {
      put_link_match(h, NFT_META_IIFNAME, link);
      put_verdict(h, NFT_JUMP, "on");
    });
  }
  nft::put_edge(b, NFNL_MSG_BATCH_END);
  nft::apply(b);
}

void remove_table(const std::string& table) {
  batch b;
  nft::put_edge(b, NFNL_MSG_BATCH_BEGIN);
  nft::put_table(b, NFT_MSG_DELTABLE, 0, table);
  nft::put_edge(b, NFNL_MSG_BATCH_END);
  for (const auto& f : socket::open(NETLINK_NETFILTER).exchange(b)) {
    if (f.error != ENOENT) throw_errno(f.error, "remove", b.subject(f.sequence));
  }
}

std::vector<table> list_tables() {
  batch request;
  nft::start(request, NFT_MSG_GETTABLE, NLM_F_DUMP, "nft tables");
  request.finish();
  std::vector<table> out;
  socket::open(NETLINK_NETFILTER).dump(request, [&out](const nlmsghdr* h) {
    table t;
    for_each_attribute(h, sizeof(nfgenmsg), [&t](const nlattr* a) {
      if (attr_type(a) == NFTA_TABLE_NAME) t.name = attr_text(a);
      const std::string_view data = attr_bytes(a);
      if (attr_type(a) != NFTA_TABLE_USERDATA || data.size() < 3 || data[0] != 0) return;
      const std::size_t length = static_cast<unsigned char>(data[1]);
      if (length > 0 && length <= data.size() - 2) t.comment = data.substr(2, length - 1);
    });
    out.push_back(std::move(t));
  });
  return out;
}

}  // namespace lxr::io::netlink
