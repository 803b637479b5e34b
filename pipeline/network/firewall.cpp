// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/firewall.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "core/instance/ownership.hpp"
#include "core/model/container_state.hpp"
#include "io/netlink/conntrack.hpp"
#include "io/netlink/nft.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;
namespace nft = io::netlink::nft;

constexpr auto family = nft::family::inet;
// Sets of link groups: of all networks; pairs whose links may exchange packets; of internal networks.
constexpr const char *networks = "networks", *together = "together", *internal = "internal";
constexpr const char* masqueraded = "masqueraded";  // subnets
constexpr const char* to_itself = "to-itself";      // (address, the same address) of containers with ports
constexpr const char *ports = "ports", *ports_of_address = "ports-of-address";

void put_sets(nft::transaction& t) {
  t.add_set(networks, {nft::link_group});
  t.add_set(together, {nft::link_group, nft::link_group});
  t.add_set(internal, {nft::link_group});
  t.add_set(masqueraded, {nft::ipv4_address}, nft::set_kind::ranges);
  t.add_set(to_itself, {nft::ipv4_address, nft::ipv4_address});
  put_egress_sets(t);
  t.add_map(ports, {nft::protocol, nft::port}, {nft::ipv4_address, nft::port});
  t.add_map(ports_of_address, {nft::ipv4_address, nft::protocol, nft::port}, {nft::ipv4_address, nft::port});
}

void put_translation(nft::transaction& t) {
  constexpr std::int32_t destination_nat = -100, source_nat = 100;  // the priorities "dstnat" and "srcnat"
  const nft::bytes loopback = nft::address_value(127u << 24);
  t.add_chain("published");
  t.add_rule("published")
      .only_ipv4()
      .load_ipv4_destination()
      .load_meta(NFT_META_L4PROTO)
      .load_destination_port()
      .dnat_by(ports_of_address);
  t.add_rule("published").only_ipv4().load_meta(NFT_META_L4PROTO).load_destination_port().dnat_by(ports);
  for (const auto& [chain, hook] : {std::pair{"prerouting", NF_INET_PRE_ROUTING}, {"output", NF_INET_LOCAL_OUT}}) {
    t.add_base_chain(chain, "nat", static_cast<std::uint32_t>(hook), destination_nat);
    t.add_rule(chain).only_ipv4().load_ipv4_destination().with_mask(htonl(0xff000000u)).is(loopback).accept();
    t.add_rule(chain).load_destination_scope().is(nft::value_of(RTN_LOCAL)).go_to("published");
  }
  t.add_base_chain("postrouting", "nat", NF_INET_POST_ROUTING, source_nat);
  t.add_rule("postrouting").only_ipv4().load_ipv4_source().load_ipv4_destination().in(to_itself).masquerade();
  t.add_rule("postrouting").load_meta(NFT_META_OIFGROUP).in(networks).accept();
  t.add_rule("postrouting").only_ipv4().load_ipv4_source().in(masqueraded).masquerade();
}

void put_filter(nft::transaction& t) {
  const nft::bytes zero = nft::value_of(0);
  const std::uint32_t known = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
  t.add_chain("to-network");
  t.add_rule("to-network").load_connection_status().with_mask(IPS_DST_NAT).is_not(zero).accept();
  t.add_rule("to-network").reject();
  t.add_chain("from-network");
  put_egress_rule(t, "from-network");
  t.add_rule("from-network").load_meta(NFT_META_IIFGROUP).load_meta(NFT_META_OIFGROUP).in(together).accept();
  t.add_rule("from-network").load_meta(NFT_META_IIFGROUP).in(internal).reject();
  t.add_rule("from-network").load_meta(NFT_META_OIFGROUP).in(networks).go_to("to-network");
  t.add_base_chain("forward", "filter", NF_INET_FORWARD, 0);
  t.add_rule("forward").load_connection_state().with_mask(known).is_not(zero).accept();
  t.add_rule("forward").load_meta(NFT_META_IIFGROUP).in(networks).go_to("from-network");
  t.add_rule("forward").load_meta(NFT_META_OIFGROUP).in(networks).go_to("to-network");
}

nft::bytes group_of(const firewall_entry& n) { return nft::value_of(n.group); }
nft::bytes first_of(const firewall_entry& n) { return nft::address_value(n.range.base); }
nft::bytes behind(const firewall_entry& n) { return nft::address_value((n.range.base | ~n.range.mask()) + 1); }

nft::bytes key_of(const published_port& p) {
  nft::bytes key = nft::protocol_value(static_cast<std::uint8_t>(p.protocol)) + nft::port_value(p.host);
  if (p.address.empty() || p.address == "0.0.0.0") return key;
  const auto address = nl::parse_ipv4(p.address);
  return nft::address_value(address.value_or(0)) + key;
}
const char* map_of(const published_port& p) {
  return p.address.empty() || p.address == "0.0.0.0" ? ports : ports_of_address;
}

// A loopback address and one of IPv6 are no part of the table: port_relay.hpp.
bool is_translated(const published_port& p) {
  return p.address.find(':') == std::string::npos && !p.address.starts_with("127.");
}

std::uint32_t number_in(const nft::bytes& of, std::size_t word) {
  std::uint32_t out = 0;
  if (of.size() >= (word + 1) * sizeof out) std::memcpy(&out, of.data() + word * sizeof out, sizeof out);
  return ntohl(out);
}
std::uint16_t port_in(const nft::bytes& of, std::size_t word) {
  return static_cast<std::uint16_t>(number_in(of, word) >> 16);
}

// Senders of packets without connections are translated as their first packet was, as long as they go on: before the
// port was published not at all, after it to a container that may be gone.
void forget_senders(const std::vector<port_entry>& entries) {
  std::vector<nl::tracked_port> ports_of_senders;
  for (const port_entry& e : entries) {
    if (e.port.protocol == IPPROTO_UDP) ports_of_senders.push_back({IPPROTO_UDP, e.port.host});
  }
  nl::forget_connections(ports_of_senders);
}

[[noreturn]] void refuse_taken(const instance& where, const published_port& wanted) {
  std::string owner;
  for (const port_owner& o : list_published(where)) {
    if (o.entry.port.protocol == wanted.protocol && o.entry.port.host == wanted.host) owner = o.container_id;
  }
  std::string name;
  quietly([&] { name = load_raw_state(where, owner).name; });
  throw port_is_taken(wanted, owner.empty() ? "" : "container " + (name.empty() ? short_id(owner) : '"' + name + '"'));
}

}  // namespace

error port_is_taken(const published_port& wanted, const std::string& owner) {
  const std::string place = wanted.address.empty() ? "" : wanted.address + ":";
  return {errc::conflict, "publish port", place + std::to_string(wanted.host) + "/" + to_protocol_word(wanted.protocol),
          "port is already allocated: " +
              (owner.empty() ? "another process uses it (address already in use)" : owner + " has it"),
          owner.empty() ? "choose another port of the host, or see ss -lnp"
                        : "choose another port of the host, or stop that"};
}

void enter_network(const instance& where, const firewall_entry& network) {
  nft::transaction t(family, where.kernel_name());
  t.add_table(owner_mark(where));
  put_sets(t);
  put_translation(t);
  put_filter(t);
  const nft::bytes group = group_of(network);
  t.keep_element(networks, group);
  t.keep_element(together, group + group);
  if (network.is_internal) {
    t.keep_element(internal, group);
  } else {
    t.keep_range(masqueraded, first_of(network), behind(network));
  }
  t.commit();
}

bool has_table(const instance& where) {
  const auto all = nft::list_tables();
  return std::ranges::any_of(all,
                             [&where](const nft::table& t) { return t.of == family && t.name == where.kernel_name(); });
}

void forget_network(const instance& where, const firewall_entry& network) {
  const nft::bytes group = group_of(network);
  const auto each = [&](auto change) {
    nft::transaction t(family, where.kernel_name());
    change(t);
    for (const auto& r : t.try_commit()) {
      if (r.error != ENOENT) throw_errno(r.error, "change", "nft table " + where.kernel_name());
    }
  };
  each([&](nft::transaction& t) { t.delete_element(networks, group); });
  each([&](nft::transaction& t) { t.delete_element(together, group + group); });
  each([&](nft::transaction& t) { t.delete_element(internal, group); });
  each([&](nft::transaction& t) { t.delete_range(masqueraded, first_of(network), behind(network)); });
  if (nft::list_elements(family, where.kernel_name(), networks).empty()) nft::remove_table(family, where.kernel_name());
}

void publish(const instance& where, const std::string& container_id, const std::vector<port_entry>& entries) {
  nft::transaction t(family, where.kernel_name());
  std::vector<const port_entry*> changes;
  for (const port_entry& e : entries) {
    if (!is_translated(e.port)) continue;
    t.add_element(map_of(e.port), key_of(e.port), nft::address_value(e.target) + nft::port_value(e.port.inner),
                  container_id);
    changes.push_back(&e);
  }
  if (changes.empty()) return;
  const nft::bytes target = nft::address_value(changes.front()->target);
  t.keep_element(to_itself, target + target);
  const auto refusals = t.try_commit();
  if (refusals.empty()) forget_senders(entries);
  for (const auto& r : refusals) {
    if (r.error == EEXIST && r.change < changes.size()) refuse_taken(where, changes[r.change]->port);
    if (r.error == ENOENT)
      throw error(errc::not_found, "publish ports in", "nft table " + where.kernel_name(), "it is missing");
    throw_errno(r.error, "publish ports in", "nft table " + where.kernel_name());
  }
}

void withdraw(const instance& where, const std::string& container_id, const std::vector<port_entry>& entries) {
  std::vector<std::pair<const char*, nft::bytes>> left;
  for (const port_entry& e : entries) {
    if (!is_translated(e.port)) continue;
    const auto found = nft::find_element(family, where.kernel_name(), map_of(e.port), key_of(e.port));
    if (!found || found->comment != container_id) continue;
    if (left.empty()) left.emplace_back(to_itself, nft::address_value(e.target) + nft::address_value(e.target));
    left.emplace_back(map_of(e.port), key_of(e.port));
  }
  while (!left.empty()) {
    nft::transaction t(family, where.kernel_name());
    for (const auto& [set, key] : left) t.delete_element(set, key);
    const auto refusals = t.try_commit();
    if (refusals.empty()) return forget_senders(entries);
    std::vector<bool> missing(left.size());
    for (const auto& r : refusals) {
      if (r.error != ENOENT || r.change >= left.size())
        throw_errno(r.error, "withdraw ports from", "nft table " + where.kernel_name());
      missing[r.change] = true;
    }
    std::size_t i = 0;
    std::erase_if(left, [&](const auto&) { return missing[i++]; });
  }
}

std::vector<port_owner> list_published(const instance& where) {
  std::vector<port_owner> out;
  for (const char* map : {ports, ports_of_address}) {
    for (nft::element& e : nft::list_elements(family, where.kernel_name(), map)) {
      const std::size_t skipped = map == ports ? 0 : 1;
      port_owner o;
      if (skipped != 0) o.entry.port.address = nl::to_string(number_in(e.key, 0));
      o.entry.port.protocol = static_cast<unsigned char>(e.key.at(skipped * 4));
      o.entry.port.host = port_in(e.key, skipped + 1);
      o.entry.target = number_in(e.data, 0);
      o.entry.port.inner = port_in(e.data, 1);
      o.container_id = std::move(e.comment);
      out.push_back(std::move(o));
    }
  }
  return out;
}

}  // namespace lxr::network
