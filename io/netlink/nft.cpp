#include "io/netlink/nft.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"

namespace lxr::io::netlink {
namespace {

constexpr const char* chain_name = "postrouting";

nfgenmsg* put_family(nlmsghdr* h, std::uint8_t family, std::uint16_t resource = 0) {
  auto* g = static_cast<nfgenmsg*>(put_extra_header(h, sizeof(nfgenmsg)));
  g->nfgen_family = family;
  g->version = NFNETLINK_V0;
  g->res_id = htons(resource);
  return g;
}

void put_edge(batch& b, std::uint16_t type) {
  put_family(b.start(type, NLM_F_REQUEST, "transaction"), AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  b.finish();
}

nlmsghdr* start(batch& b, int type, std::uint16_t flags, const std::string& subject) {
  nlmsghdr* h = b.start(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags), subject);
  put_family(h, NFPROTO_IPV4);
  return h;
}

void put_table(batch& b, int type, std::uint16_t flags, const std::string& table) {
  nlmsghdr* h = start(b, type, flags, "nft table " + table);
  attr_put_strz(h, NFTA_TABLE_NAME, table.c_str());
  b.finish();
}

void put_chain(batch& b, const std::string& table) {
  nlmsghdr* h = start(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "nft chain " + table + "/" + chain_name);
  attr_put_strz(h, NFTA_CHAIN_TABLE, table.c_str());
  attr_put_strz(h, NFTA_CHAIN_NAME, chain_name);
  attr_put_strz(h, NFTA_CHAIN_TYPE, "nat");
  nlattr* hook = attr_nest_start(h, NFTA_CHAIN_HOOK);
  attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(NF_INET_POST_ROUTING));
  attr_put_u32(h, NFTA_HOOK_PRIORITY, htonl(100));  // srcnat
  attr_nest_end(h, hook);
  b.finish();
}

// One expression of a rule: its name and, between open and close, its attributes.
class expression {
 public:
  expression(nlmsghdr* h, const char* name) : header_(h), element_(attr_nest_start(h, NFTA_LIST_ELEM)) {
    attr_put_strz(h, NFTA_EXPR_NAME, name);
    data_ = attr_nest_start(h, NFTA_EXPR_DATA);
  }
  ~expression() {
    attr_nest_end(header_, data_);
    attr_nest_end(header_, element_);
  }
  expression(const expression&) = delete;
  expression& operator=(const expression&) = delete;
  void number(std::uint16_t attribute, std::uint32_t value) { attr_put_u32(header_, attribute, htonl(value)); }
  void value(std::uint16_t attribute, const void* bytes, std::size_t size) {
    nlattr* nest = attr_nest_start(header_, attribute);
    attr_put(header_, NFTA_DATA_VALUE, size, bytes);
    attr_nest_end(header_, nest);
  }

 private:
  nlmsghdr* header_;
  nlattr* element_;
  nlattr* data_;
};

// ip saddr/daddr (at `offset` of the header) in the subnet, or not.
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
  expression e(h, "cmp");
  e.number(NFTA_CMP_SREG, NFT_REG_1);
  e.number(NFTA_CMP_OP, compare);
  e.value(NFTA_CMP_DATA, &network, sizeof network);
}

void put_rule(batch& b, const std::string& table, const subnet& from) {
  nlmsghdr* h = start(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "nft masquerade rule in " + table);
  attr_put_strz(h, NFTA_RULE_TABLE, table.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain_name);
  nlattr* list = attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
  put_address_match(h, 12, from, NFT_CMP_EQ);   // ip saddr
  put_address_match(h, 16, from, NFT_CMP_NEQ);  // ip daddr: between its bridges the network is one
  { const expression e(h, "masq"); }
  attr_nest_end(h, list);
  b.finish();
}

}  // namespace

void install_masquerade(const std::string& table, const subnet& from) {
  batch b;
  put_edge(b, NFNL_MSG_BATCH_BEGIN);
  put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
  put_table(b, NFT_MSG_DELTABLE, 0, table);
  put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
  put_chain(b, table);
  put_rule(b, table, from);
  put_edge(b, NFNL_MSG_BATCH_END);
  const auto failures = socket::open(NETLINK_NETFILTER).exchange(b);
  if (failures.empty()) return;
  const int code = failures.front().error;
  if (code == EOPNOTSUPP || code == ENOENT || code == ENOSYS) {
    throw error(errc::unsupported, "create", b.subject(failures.front().sequence),
                "this kernel lacks nf_tables with NAT (CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ)",
                "use --network none or host");
  }
  throw_errno(code, "create", b.subject(failures.front().sequence));
}

void remove_table(const std::string& table) {
  batch b;
  put_edge(b, NFNL_MSG_BATCH_BEGIN);
  put_table(b, NFT_MSG_DELTABLE, 0, table);
  put_edge(b, NFNL_MSG_BATCH_END);
  for (const auto& f : socket::open(NETLINK_NETFILTER).exchange(b)) {
    if (f.error != ENOENT) throw_errno(f.error, "remove", b.subject(f.sequence));
  }
}

}  // namespace lxr::io::netlink
