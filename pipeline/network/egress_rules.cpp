// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress_rules.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;
namespace nft = io::netlink::nft;

constexpr auto family = nft::family::inet;
constexpr const char* restricted = "restricted";   // link → the chain that judges its packets
constexpr const char* answers = "egress-answers";  // (link, address): what the resolver answered
constexpr const char* resolvers = "resolvers";     // addresses of gateways
constexpr const char *host_chain = "to-host", *list_prefix = "egress-";

// Returns the name of the chain and of the set for what may be reached: the same for the same spans.
std::string name_of(const std::vector<egress_policy::span>& spans) {
  nft::bytes all;
  for (const auto& [first, last] : spans) all += nft::address_value(first) + nft::address_value(last);
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fnv1a(all)));
  return list_prefix + std::string(text);
}

// The name of the link that a key begins with.
std::string link_in(const nft::bytes& key) {
  return key.substr(0, std::min<std::size_t>(key.find('\0'), nft::link_name.size));
}

void put_spans(nft::transaction& t, const char* set, const std::vector<egress_policy::span>& spans) {
  t.add_set(set, {nft::ipv4_address}, nft::set_kind::ranges);
  for (const auto& [first, last] : spans) {
    if (last == ~nl::ipv4{0}) {
      t.keep_element(set, nft::address_value(first));  // up to the end
    } else {
      t.keep_range(set, nft::address_value(first), nft::address_value(last + 1));
    }
  }
}

void put_list(nft::transaction& t, const char* name, const std::vector<egress_policy::span>& spans) {
  put_spans(t, name, spans);
  t.add_chain(name);
  t.add_rule(name).only_ipv4().load_ipv4_destination().in(name).back();
  t.add_rule(name).only_ipv4().load_meta(NFT_META_IIFNAME).load_ipv4_destination().in(answers).back();
  t.add_rule(name).reject();
}

// A list without containers stays until another one is made: to try to remove it at each container's end would take the
// kernel 10 ms for every refusal.
void remove_unused_lists(const instance& where, const std::vector<std::string>& chains) {
  std::set<std::string> used;
  for (const restricted_link& l : list_restricted(where)) used.insert(l.chain);
  for (const std::string& chain : chains) {
    if (!chain.starts_with(list_prefix) || used.contains(chain)) continue;
    nft::transaction t(family, where.kernel_name());
    t.delete_chain(chain.c_str());
    t.delete_set(chain.c_str());
    t.try_commit();  // refused if another process uses it again
  }
}

// What goes to the host itself passes no forward chain. This base chain is made only where it is needed: all packets
// to the host pass it.
void put_host_chain(nft::transaction& t) {
  constexpr std::uint16_t dns = 53;
  const std::uint32_t known = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
  t.add_base_chain(host_chain, "filter", NF_INET_LOCAL_IN, 0);
  t.add_rule(host_chain).load_connection_state().with_mask(known).is_not(nft::value_of(0)).accept();
  for (const int protocol : {IPPROTO_UDP, IPPROTO_TCP}) {
    t.add_rule(host_chain)
        .only_ipv4()
        .load_ipv4_destination()
        .in(resolvers)
        .load_meta(NFT_META_L4PROTO)
        .is(nft::bytes(1, static_cast<char>(protocol)))
        .load_destination_port()
        .is(nft::bytes{static_cast<char>(dns >> 8), static_cast<char>(dns & 0xff)})
        .accept();
  }
  put_egress_rule(t, host_chain);
}

}  // namespace

void put_egress_sets(nft::transaction& t) {
  t.add_chain_map(restricted, {nft::link_name});
  t.add_set(answers, {nft::link_name, nft::ipv4_address}, nft::set_kind::expiring);
  t.add_set(resolvers, {nft::ipv4_address});
}

void put_egress_rule(nft::transaction& t, const char* chain) {
  t.add_rule(chain).load_meta(NFT_META_IIFNAME).jump_by(restricted);
}

void enter(const instance& where, const restriction& r) {
  const std::string list = name_of(r.spans);
  nft::transaction t(family, where.kernel_name());
  const auto chains = nft::list_chains(family, where.kernel_name());
  if (std::ranges::find(chains, list) == chains.end()) {
    remove_unused_lists(where, chains);
    put_list(t, list.c_str(), r.spans);
    put_host_chain(t);
  }
  for (const std::string& link : r.links) t.keep_jump(restricted, nft::link_name_value(link), list.c_str());
  for (const nl::ipv4 gateway : r.gateways) t.keep_element(resolvers, nft::address_value(gateway));
  for (const auto& refusal : t.try_commit()) {
    const std::string subject = "nft table " + where.kernel_name();
    if (refusal.error == ENOENT) throw error(errc::not_found, "restrict egress in", subject, "it is missing");
    throw_errno(refusal.error, "restrict egress in", subject);
  }
}

std::vector<restricted_link> list_restricted(const instance& where) {
  std::vector<restricted_link> out;
  for (const nft::element& e : nft::list_elements(family, where.kernel_name(), restricted))
    out.push_back({link_in(e.key), e.data});
  return out;
}

void lift(const instance& where, const std::vector<std::string>& links) {
  for (const std::string& link : links) {
    nft::transaction t(family, where.kernel_name());
    t.delete_element(restricted, nft::link_name_value(link));
    t.try_commit();  // another process may have done the same
  }
}

void withdraw_answers(const instance& where, const std::set<std::string>& links) {
  for (const nft::element& e : nft::list_elements(family, where.kernel_name(), answers)) {
    if (!links.contains(link_in(e.key))) continue;
    nft::transaction t(family, where.kernel_name());
    t.delete_element(answers, e.key);
    t.try_commit();  // it may have ended
  }
}

void admit(const std::string& table, const std::vector<admission>& all) {
  for (const admission& a : all) {
    const nft::bytes key = nft::bytes(a.link.data(), a.link.size()) + nft::address_value(a.address);
    const auto life = std::chrono::milliseconds(std::chrono::seconds(a.life));
    for (const bool is_known : {false, true}) {
      nft::transaction t(family, table);
      if (is_known) t.delete_element(answers, key);  // its life begins anew
      t.add_expiring(answers, key, life);
      const auto refusals = t.try_commit();
      if (refusals.empty()) break;
      if (is_known || refusals.front().error != EEXIST) throw_errno(refusals.front().error, "admit", "address");
    }
  }
}

}  // namespace lxr::network
