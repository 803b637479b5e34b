// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/nft.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"
#include "io/netlink/nft_message.hpp"

namespace lxr::io::netlink::nft {
namespace {

// Adds the message that begins or ends a transaction (NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END).
void put_edge(batch& b, std::uint16_t type) {
  put_family(b.start(type, NLM_F_REQUEST, "transaction"), AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  b.finish();
}

// A comment as libnftnl stores it: type 0, length, text, NUL.
void put_comment(nlmsghdr* h, std::uint16_t attribute, std::string_view comment) {
  if (comment.empty()) return;
  comment = comment.substr(0, transaction::comment_limit);
  std::string data{0, static_cast<char>(comment.size() + 1)};
  data += comment;
  data += '\0';
  attr_put(h, attribute, data.size(), data.data());
}

std::uint32_t padded(std::uint32_t size) { return (size + 3) / 4 * 4; }

// Puts type and size of a key or datum with these parts.
void put_types(nlmsghdr* h, std::uint16_t type_attribute, std::uint16_t size_attribute,
               std::initializer_list<type> parts) {
  constexpr int bits_per_type = 6;
  std::uint32_t number = 0, size = 0;
  for (const type& part : parts) {
    number = number << bits_per_type | part.number;
    size += parts.size() == 1 ? part.size : padded(part.size);
  }
  attr_put_u32(h, type_attribute, htonl(number));
  attr_put_u32(h, size_attribute, htonl(size));
}

// What the nft program wants to know (libnftnl/udata.h): the byte order of the key (0), in 4 bytes, is the host's (1).
void put_byte_order(nlmsghdr* h, std::initializer_list<type> key) {
  constexpr char in_host_order[] = {0, 4, 1, 0, 0, 0};
  const bool is_in_host_order = key.begin()->number == link_group.number || key.begin()->number == link_name.number;
  if (key.size() == 1 && is_in_host_order) attr_put(h, NFTA_SET_USERDATA, sizeof in_host_order, in_host_order);
}

void put_jump(nlmsghdr* h, const char* chain) {
  nlattr* data = attr_nest_start(h, NFTA_SET_ELEM_DATA);
  nlattr* verdict = attr_nest_start(h, NFTA_DATA_VERDICT);
  attr_put_u32(h, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(NFT_JUMP)));
  attr_put_strz(h, NFTA_VERDICT_CHAIN, chain);
  attr_nest_end(h, verdict);
  attr_nest_end(h, data);
}

bytes with_padding(const void* value, std::uint32_t size) {
  bytes out(padded(size), '\0');
  std::memcpy(out.data(), value, size);
  return out;
}

}  // namespace

bytes value_of(std::uint32_t in_host_order) { return with_padding(&in_host_order, sizeof in_host_order); }
bytes address_value(std::uint32_t in_host_order) { return value_of(htonl(in_host_order)); }
bytes protocol_value(std::uint8_t number) { return with_padding(&number, sizeof number); }
bytes link_name_value(const std::string& name) {
  char value[IFNAMSIZ] = {};
  name.copy(value, sizeof value - 1);
  return with_padding(value, sizeof value);
}
bytes port_value(std::uint16_t in_host_order) {
  const std::uint16_t value = htons(in_host_order);
  return with_padding(&value, sizeof value);
}

transaction::transaction(family of, std::string table) : family_(of), table_(std::move(table)) {
  put_edge(changes_, NFNL_MSG_BATCH_BEGIN);
}

nlmsghdr* transaction::start(int type, std::uint16_t flags, std::string subject) {
  return start_message(changes_, static_cast<std::uint8_t>(family_), type, NLM_F_ACK | flags, std::move(subject));
}

void transaction::add_table(const std::string& comment) {
  nlmsghdr* h = start(NFT_MSG_NEWTABLE, NLM_F_CREATE, "nft table " + table_);
  attr_put_strz(h, NFTA_TABLE_NAME, table_.c_str());
  put_comment(h, NFTA_TABLE_USERDATA, comment);
  changes_.finish();
}

void transaction::delete_table() {
  attr_put_strz(start(NFT_MSG_DELTABLE, 0, "nft table " + table_), NFTA_TABLE_NAME, table_.c_str());
  changes_.finish();
}

void transaction::add_chain(const char* chain) { add_base_chain(chain, nullptr, 0, 0); }

void transaction::add_base_chain(const char* chain, const char* kind, std::uint32_t hook, std::int32_t priority) {
  const std::string subject = "nft chain " + table_ + "/" + chain;
  nlmsghdr* h = start(NFT_MSG_NEWCHAIN, NLM_F_CREATE, subject);
  attr_put_strz(h, NFTA_CHAIN_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_CHAIN_NAME, chain);
  if (kind != nullptr) {
    attr_put_strz(h, NFTA_CHAIN_TYPE, kind);
    nlattr* nest = attr_nest_start(h, NFTA_CHAIN_HOOK);
    attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(hook));
    attr_put_u32(h, NFTA_HOOK_PRIORITY, htonl(static_cast<std::uint32_t>(priority)));
    attr_nest_end(h, nest);
  }
  changes_.finish();
  h = start(NFT_MSG_DELRULE, 0, "rules of " + subject);
  attr_put_strz(h, NFTA_RULE_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain);
  changes_.finish();
}

void transaction::put_set(const char* set, std::initializer_list<type> key, std::initializer_list<type> data,
                          std::uint32_t flags) {
  nlmsghdr* h = start(NFT_MSG_NEWSET, NLM_F_CREATE, "nft set " + table_ + "/" + set);
  attr_put_strz(h, NFTA_SET_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_SET_NAME, set);
  attr_put_u32(h, NFTA_SET_FLAGS, htonl(flags));
  put_types(h, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, key);
  if (data.size() > 0) put_types(h, NFTA_SET_DATA_TYPE, NFTA_SET_DATA_LEN, data);
  attr_put_u32(h, NFTA_SET_ID, htonl(++sets_));
  put_byte_order(h, key);
  changes_.finish();
}

void transaction::add_set(const char* set, std::initializer_list<type> key, set_kind kind) {
  constexpr std::uint32_t flags[] = {0, NFT_SET_INTERVAL, NFT_SET_TIMEOUT};
  put_set(set, key, {}, flags[static_cast<std::size_t>(kind)]);
}

void transaction::add_map(const char* map, std::initializer_list<type> key, std::initializer_list<type> data) {
  put_set(map, key, data, NFT_SET_MAP);
}

void transaction::add_chain_map(const char* map, std::initializer_list<type> key) {
  nlmsghdr* h = start(NFT_MSG_NEWSET, NLM_F_CREATE, "nft map " + table_ + "/" + map);
  attr_put_strz(h, NFTA_SET_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_SET_NAME, map);
  attr_put_u32(h, NFTA_SET_FLAGS, htonl(NFT_SET_MAP));
  put_types(h, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, key);
  attr_put_u32(h, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
  attr_put_u32(h, NFTA_SET_ID, htonl(++sets_));
  put_byte_order(h, key);
  changes_.finish();
}

void transaction::delete_chain(const char* chain) {
  const std::string subject = "nft chain " + table_ + "/" + chain;
  nlmsghdr* h = start(NFT_MSG_DELRULE, 0, subject);
  attr_put_strz(h, NFTA_RULE_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain);
  changes_.finish();
  h = start(NFT_MSG_DELCHAIN, 0, subject);
  attr_put_strz(h, NFTA_CHAIN_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_CHAIN_NAME, chain);
  changes_.finish();
}

void transaction::delete_set(const char* set) {
  nlmsghdr* h = start(NFT_MSG_DELSET, 0, "nft set " + table_ + "/" + set);
  attr_put_strz(h, NFTA_SET_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_SET_NAME, set);
  changes_.finish();
}

rule transaction::put_rule(std::uint16_t flags, const char* chain, std::string_view comment) {
  nlmsghdr* h = start(NFT_MSG_NEWRULE, NLM_F_CREATE | flags, "nft rule in " + table_ + "/" + chain);
  attr_put_strz(h, NFTA_RULE_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain);
  put_comment(h, NFTA_RULE_USERDATA, comment);
  return {changes_, h};
}

rule transaction::add_rule(const char* chain) { return put_rule(NLM_F_APPEND, chain, {}); }
rule transaction::insert_rule(const char* chain, std::string_view comment) { return put_rule(0, chain, comment); }

void transaction::delete_rule(const char* chain, std::uint64_t handle) {
  nlmsghdr* h = start(NFT_MSG_DELRULE, 0, "nft rule in " + table_ + "/" + chain);
  attr_put_strz(h, NFTA_RULE_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain);
  const std::uint64_t number = htobe64(handle);
  attr_put(h, NFTA_RULE_HANDLE, sizeof number, &number);
  changes_.finish();
}

void transaction::put_element(int type, std::uint16_t flags, const char* set, const parts& of) {
  nlmsghdr* h = start(type, flags, "element of nft set " + table_ + "/" + set);
  attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
  attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set);
  nlattr* list = attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr* one = attr_nest_start(h, NFTA_LIST_ELEM);
  put_data(h, NFTA_SET_ELEM_KEY, of.key);
  if (!of.data.empty()) put_data(h, NFTA_SET_ELEM_DATA, of.data);
  if (of.chain != nullptr) put_jump(h, of.chain);
  if (of.flags != 0) attr_put_u32(h, NFTA_SET_ELEM_FLAGS, htonl(of.flags));
  if (of.life.count() != 0) {
    const std::uint64_t life = htobe64(static_cast<std::uint64_t>(of.life.count()));
    attr_put(h, NFTA_SET_ELEM_TIMEOUT, sizeof life, &life);
  }
  put_comment(h, NFTA_SET_ELEM_USERDATA, of.comment);
  attr_nest_end(h, one);
  attr_nest_end(h, list);
  changes_.finish();
}

void transaction::keep_element(const char* set, std::string_view key) {
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, {.key = key});
}
void transaction::keep_range(const char* set, std::string_view first, std::string_view behind) {
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, {.key = first});
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, {.key = behind, .flags = NFT_SET_ELEM_INTERVAL_END});
}
void transaction::keep_jump(const char* map, std::string_view key, const char* to) {
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, map, {.key = key, .chain = to});
}
void transaction::add_expiring(const char* set, std::string_view key, std::chrono::milliseconds life) {
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set, {.key = key, .life = life});
}
void transaction::add_element(const char* map, std::string_view key, std::string_view data, std::string_view comment) {
  put_element(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, map, {.key = key, .data = data, .comment = comment});
}
void transaction::delete_element(const char* set, std::string_view key) {
  put_element(NFT_MSG_DELSETELEM, 0, set, {.key = key});
}
void transaction::delete_range(const char* set, std::string_view first, std::string_view behind) {
  put_element(NFT_MSG_DELSETELEM, 0, set, {.key = first});
  put_element(NFT_MSG_DELSETELEM, 0, set, {.key = behind, .flags = NFT_SET_ELEM_INTERVAL_END});
}

std::vector<socket::failure> transaction::send() {
  put_edge(changes_, NFNL_MSG_BATCH_END);
  return netfilter_socket().exchange(changes_);
}

std::vector<transaction::refusal> transaction::try_commit() {
  std::vector<refusal> out;
  for (const socket::failure& f : send()) {
    if (f.sequence < 2) throw_errno(f.error, "change", "nft table " + table_);
    out.push_back({f.sequence - 2, f.error});
  }
  return out;
}

void transaction::commit() {
  const auto failures = send();
  if (failures.empty()) return;
  const auto& [sequence, code] = failures.front();
  if (code == EOPNOTSUPP || code == ENOENT || code == ENOSYS) {
    throw error(errc::unsupported, "change", changes_.subject(sequence),
                "this kernel lacks a part of nf_tables (CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, "
                "CONFIG_NFT_FIB_INET, CONFIG_NFT_CT, CONFIG_NFT_REJECT)",
                "use --network none or host");
  }
  throw_errno(code, "change", changes_.subject(sequence));
}

void remove_table(family of, const std::string& name) {
  transaction t(of, name);
  t.delete_table();
  for (const auto& r : t.try_commit()) {
    if (r.error != ENOENT) throw_errno(r.error, "remove", "nft table " + name);
  }
}

}  // namespace lxr::io::netlink::nft
