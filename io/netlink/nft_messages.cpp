// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/nft_messages.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"

namespace lxr::io::netlink::nft {
namespace {

void put_family(nlmsghdr* h, std::uint8_t family, std::uint16_t resource = 0) {
  auto* g = static_cast<nfgenmsg*>(put_extra_header(h, sizeof(nfgenmsg)));
  g->nfgen_family = family;
  g->version = NFNETLINK_V0;
  g->res_id = htons(resource);
}

}  // namespace

void put_edge(batch& b, std::uint16_t type) {
  put_family(b.start(type, NLM_F_REQUEST, "transaction"), AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  b.finish();
}

nlmsghdr* start(batch& b, int type, std::uint16_t flags, const std::string& subject) {
  nlmsghdr* h = b.start(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
                        static_cast<std::uint16_t>(NLM_F_REQUEST | flags), subject);
  put_family(h, NFPROTO_IPV4);
  return h;
}

void put_table(batch& b, int type, std::uint16_t flags, const std::string& table, const std::string& comment) {
  nlmsghdr* h = start(b, type, NLM_F_ACK | flags, "nft table " + table);
  attr_put_strz(h, NFTA_TABLE_NAME, table.c_str());
  if (!comment.empty()) {  // as libnftnl stores comments: type 0, length, text, NUL
    std::string data = comment.substr(0, comment_limit);
    data = std::string{0, static_cast<char>(data.size() + 1)} + data + '\0';
    attr_put(h, NFTA_TABLE_USERDATA, data.size(), data.data());
  }
  b.finish();
}

void put_fresh_table(batch& b, const std::string& table, const std::string& comment) {
  put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, table, comment);
  put_table(b, NFT_MSG_DELTABLE, 0, table);
  put_table(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, table, comment);
}

void put_chain(batch& b, const std::string& table, const char* chain, const char* type, std::uint32_t hook,
               std::uint32_t priority) {
  nlmsghdr* h = start(b, NFT_MSG_NEWCHAIN, NLM_F_ACK | NLM_F_CREATE, "nft chain " + table + "/" + chain);
  attr_put_strz(h, NFTA_CHAIN_TABLE, table.c_str());
  attr_put_strz(h, NFTA_CHAIN_NAME, chain);
  if (type != nullptr) {
    attr_put_strz(h, NFTA_CHAIN_TYPE, type);
    nlattr* nest = attr_nest_start(h, NFTA_CHAIN_HOOK);
    attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(hook));
    attr_put_u32(h, NFTA_HOOK_PRIORITY, htonl(priority));
    attr_nest_end(h, nest);
  }
  b.finish();
}

void apply(const batch& b) {
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

expression::expression(nlmsghdr* h, const char* name) : header_(h), element_(attr_nest_start(h, NFTA_LIST_ELEM)) {
  attr_put_strz(h, NFTA_EXPR_NAME, name);
  data_ = attr_nest_start(h, NFTA_EXPR_DATA);
}

expression::~expression() {
  attr_nest_end(header_, data_);
  attr_nest_end(header_, element_);
}

void expression::number(std::uint16_t attribute, std::uint32_t value) {
  attr_put_u32(header_, attribute, htonl(value));
}

void expression::value(std::uint16_t attribute, const void* bytes, std::size_t size) {
  nlattr* nest = attr_nest_start(header_, attribute);
  attr_put(header_, NFTA_DATA_VALUE, size, bytes);
  attr_nest_end(header_, nest);
}

}  // namespace lxr::io::netlink::nft
