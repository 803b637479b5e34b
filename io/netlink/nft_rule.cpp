// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include "io/netlink/message.hpp"
#include "io/netlink/nft.hpp"

namespace lxr::io::netlink::nft {
namespace {

constexpr std::uint32_t first_register = NFT_REG32_00, mapped_register = NFT_REG32_08;

// One expression of a rule.
// Lifecycle: the constructor writes its name; number() and value() add attributes; the destructor closes it.
// Borrows: the message.
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
  void value(std::uint16_t attribute, std::string_view data) {
    nlattr* nest = attr_nest_start(header_, attribute);
    attr_put(header_, NFTA_DATA_VALUE, data.size(), data.data());
    attr_nest_end(header_, nest);
  }

 private:
  nlmsghdr* header_;
  nlattr* element_;
  nlattr* data_;
};

}  // namespace

rule::rule(batch& to, nlmsghdr* message)
    : to_(to), message_(message), expressions_(attr_nest_start(message, NFTA_RULE_EXPRESSIONS)) {}

rule::~rule() {
  attr_nest_end(message_, expressions_);
  to_.finish();
}

void rule::load(std::uint32_t size, const char* name,
                std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> what, std::uint16_t destination) {
  expression e(message_, name);
  e.number(destination, first_register + words_);
  for (const auto& [attribute, value] : what) e.number(attribute, value);
  words_ += (size + 3) / 4;
}

rule& rule::only_ipv4() { return load_meta(NFT_META_NFPROTO).is(std::string(1, NFPROTO_IPV4)); }

rule& rule::load_meta(std::uint32_t key) {
  const bool is_name = key == NFT_META_IIFNAME || key == NFT_META_OIFNAME;
  load(is_name ? IFNAMSIZ : 4, "meta", {{NFTA_META_KEY, key}}, NFTA_META_DREG);
  return *this;
}

rule& rule::load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
  load(size, "payload", {{NFTA_PAYLOAD_BASE, base}, {NFTA_PAYLOAD_OFFSET, offset}, {NFTA_PAYLOAD_LEN, size}},
       NFTA_PAYLOAD_DREG);
  return *this;
}

rule& rule::load_ipv4_source() { return load_payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4); }
rule& rule::load_ipv4_destination() { return load_payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4); }
rule& rule::load_destination_port() { return load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2); }

rule& rule::load_destination_scope() {
  load(4, "fib", {{NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE}, {NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR}}, NFTA_FIB_DREG);
  return *this;
}

rule& rule::load_connection_state() {
  load(4, "ct", {{NFTA_CT_KEY, NFT_CT_STATE}}, NFTA_CT_DREG);
  return *this;
}

rule& rule::load_connection_status() {
  load(4, "ct", {{NFTA_CT_KEY, NFT_CT_STATUS}}, NFTA_CT_DREG);
  return *this;
}

rule& rule::with_mask(std::uint32_t m) {
  expression e(message_, "bitwise");
  e.number(NFTA_BITWISE_SREG, first_register + words_ - 1);
  e.number(NFTA_BITWISE_DREG, first_register + words_ - 1);
  e.number(NFTA_BITWISE_LEN, sizeof m);
  e.value(NFTA_BITWISE_MASK, value_of(m));
  e.value(NFTA_BITWISE_XOR, value_of(0));
  return *this;
}

rule& rule::compare(std::uint32_t operation, std::string_view value) {
  expression e(message_, "cmp");
  e.number(NFTA_CMP_SREG, first_register);
  e.number(NFTA_CMP_OP, operation);
  e.value(NFTA_CMP_DATA, value);
  words_ = 0;
  return *this;
}

rule& rule::is(std::string_view value) { return compare(NFT_CMP_EQ, value); }
rule& rule::is_not(std::string_view value) { return compare(NFT_CMP_NEQ, value); }

rule& rule::count() {
  const expression e(message_, "counter");
  return *this;
}

rule& rule::look_up(const char* set, bool inverted) {
  expression e(message_, "lookup");
  attr_put_strz(message_, NFTA_LOOKUP_SET, set);
  e.number(NFTA_LOOKUP_SREG, first_register);
  if (inverted) e.number(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  words_ = 0;
  return *this;
}

rule& rule::in(const char* set) { return look_up(set, false); }
rule& rule::not_in(const char* set) { return look_up(set, true); }

void rule::verdict(std::int32_t code, const char* chain) {
  expression e(message_, "immediate");
  e.number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  nlattr* data = attr_nest_start(message_, NFTA_IMMEDIATE_DATA);
  nlattr* what = attr_nest_start(message_, NFTA_DATA_VERDICT);
  attr_put_u32(message_, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(code)));
  if (chain != nullptr) attr_put_strz(message_, NFTA_VERDICT_CHAIN, chain);
  attr_nest_end(message_, what);
  attr_nest_end(message_, data);
}

void rule::accept() { verdict(NF_ACCEPT); }
void rule::drop() { verdict(NF_DROP); }
void rule::jump(const char* chain) { verdict(NFT_JUMP, chain); }
void rule::go_to(const char* chain) { verdict(NFT_GOTO, chain); }
void rule::back() { verdict(NFT_RETURN); }

void rule::jump_by(const char* map) {
  expression e(message_, "lookup");
  attr_put_strz(message_, NFTA_LOOKUP_SET, map);
  e.number(NFTA_LOOKUP_SREG, first_register);
  e.number(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
}

void rule::reject() {
  expression e(message_, "reject");
  e.number(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
  attr_put_u8(message_, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

void rule::masquerade() { const expression e(message_, "masq"); }

void rule::dnat_by(const char* map) {
  {
    expression e(message_, "lookup");
    attr_put_strz(message_, NFTA_LOOKUP_SET, map);
    e.number(NFTA_LOOKUP_SREG, first_register);
    e.number(NFTA_LOOKUP_DREG, mapped_register);
  }
  expression e(message_, "nat");
  e.number(NFTA_NAT_TYPE, NFT_NAT_DNAT);
  e.number(NFTA_NAT_FAMILY, NFPROTO_IPV4);
  e.number(NFTA_NAT_REG_ADDR_MIN, mapped_register);
  e.number(NFTA_NAT_REG_PROTO_MIN, mapped_register + 1);
}

}  // namespace lxr::io::netlink::nft
