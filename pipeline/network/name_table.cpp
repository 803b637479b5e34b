// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/name_table.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace dns = io::dns;
namespace nl = io::netlink;

constexpr std::uint16_t class_internet = 1, type_axfr = 252, type_ixfr = 251;

std::string bytes_of(nl::ipv4 address) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(address >> shift & 0xff);
  return out;
}

std::string parse_address(const std::string& text) {
  const auto address = nl::parse_ipv4(text);
  if (!address) throw error(errc::invalid_argument, "enter address", '"' + text + '"', "it is no IPv4 address");
  return bytes_of(*address);
}

bool holds(const nl::subnet& range, std::string_view address) {
  if (address.size() != 4) return false;
  nl::ipv4 number = 0;
  for (const char c : address) number = number << 8 | static_cast<unsigned char>(c);
  return (number & range.mask()) == range.base;
}

const std::vector<std::string>& names_of_host() {
  static const std::vector<std::string> names{dns::name_of("host.containers.internal").value_or(""),
                                              dns::name_of("host.docker.internal").value_or("")};
  return names;
}

// "*.example.org" is every name below example.org.
bool may_ask(const named_egress& egress, const std::string& name) {
  return std::ranges::any_of(egress.domains, [&](const std::string& domain) {
    if (!domain.starts_with("*.")) return dns::name_of(domain) == name;
    const auto upper = dns::name_of(domain.substr(2));
    return upper && name != *upper && dns::is_within(name, *upper);
  });
}

name_decision refuse() { return {.code = dns::response_code::refused}; }
name_decision no_such_name() { return {.code = dns::response_code::no_such_name}; }

}  // namespace

void name_table::enter(const served_network& network) {
  const auto range = parse_subnet(network.range);
  if (!range) throw error(errc::invalid_argument, "enter network", '"' + network.range + '"', "it is no subnet");
  network_names& n = networks_[network.directory];
  n.range = *range;
  n.gateway = parse_address(network.gateway);
  for (const std::string& name : names_of_host()) n.addresses[name] = {n.gateway};
}

void name_table::enter(named_container container) {
  member fresh;
  for (const named_place& p : container.places) fresh.addresses.push_back(parse_address(p.address));
  leave(container.id);
  for (const std::string& address : fresh.addresses) {
    if (const auto other = ids_.find(address); other != ids_.end()) leave(std::string(other->second));
    ids_[address] = container.id;
  }
  for (std::size_t i = 0; i < container.places.size(); ++i) {
    const named_place& p = container.places[i];
    network_names& n = networks_.at(p.network);
    ++n.members;
    for (const std::string& text : p.names) {
      const auto name = dns::name_of(text);
      if (!name) continue;
      auto& known = n.addresses[*name];
      if (std::ranges::find(known, fresh.addresses[i]) == known.end()) known.push_back(fresh.addresses[i]);
      n.names.try_emplace(fresh.addresses[i], *name);
    }
  }
  if (container.places.empty()) return;
  const std::string id = container.id;
  fresh.as_told = std::move(container);
  containers_[id] = std::move(fresh);
}

void name_table::remove(member& gone) {
  for (std::size_t i = 0; i < gone.addresses.size(); ++i) {
    const std::string& address = gone.addresses[i];
    const named_place& p = gone.as_told.places[i];
    ids_.erase(address);
    const auto network = networks_.find(p.network);
    if (network == networks_.end()) continue;
    --network->second.members;
    network->second.names.erase(address);
    for (const std::string& text : p.names) {
      const auto known = network->second.addresses.find(dns::name_of(text).value_or(""));
      if (known == network->second.addresses.end()) continue;
      std::erase(known->second, address);
      if (known->second.empty()) network->second.addresses.erase(known);
    }
  }
}

void name_table::leave(const std::string& id) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  member gone = std::move(found->second);
  containers_.erase(found);
  remove(gone);
}

std::vector<std::string> name_table::forget_empty() {
  std::vector<std::string> out;
  for (const auto& [directory, n] : networks_) {
    if (n.members == 0) out.push_back(directory);
  }
  for (const std::string& directory : out) networks_.erase(directory);
  return out;
}

std::optional<std::vector<std::string>> name_table::find(const named_container& asking, const std::string& name) const {
  std::optional<std::vector<std::string>> out;
  for (const named_place& p : asking.places) {
    const network_names& n = networks_.at(p.network);
    const auto found = n.addresses.find(name);
    if (found == n.addresses.end()) continue;
    if (!out) out.emplace();
    out->insert(out->end(), found->second.begin(), found->second.end());
  }
  return out;
}

bool name_table::holds_address(std::string_view address) const {
  return std::ranges::any_of(networks_, [&](const auto& n) { return holds(n.second.range, address); });
}

std::optional<name_decision> name_table::decide_reverse(const named_container& asking, const dns::query& q) const {
  const auto address = dns::address_of_reverse(q.asked.name);
  if (!address) return std::nullopt;
  if (!holds_address(*address)) return std::nullopt;
  for (const named_place& p : asking.places) {
    const network_names& n = networks_.at(p.network);
    const auto found = n.names.find(*address);
    if (found == n.names.end()) continue;
    name_decision out;
    if (q.asked.type == dns::record_type::ptr || q.asked.type == dns::record_type::any)
      out.records.push_back({dns::record_type::ptr, found->second});
    return out;
  }
  return no_such_name();
}

name_decision name_table::decide(std::string_view source, const dns::query& q) const {
  const auto id = ids_.find(std::string(source));
  if (id == ids_.end() || q.asked.klass != class_internet) return refuse();
  const auto type = static_cast<std::uint16_t>(q.asked.type);
  if (type == type_axfr || type == type_ixfr) return refuse();
  const named_container& asking = containers_.at(id->second).as_told;
  if (asking.egress && !may_ask(*asking.egress, q.asked.name)) return refuse();
  if (const auto addresses = find(asking, q.asked.name)) {
    name_decision out;
    if (asking.egress) out.asking = &asking;
    if (q.asked.type == dns::record_type::a || q.asked.type == dns::record_type::any) {
      for (const std::string& address : *addresses) out.records.push_back({dns::record_type::a, address});
      // Callers of a name with several addresses mostly take the first one.
      if (out.records.size() > 1)
        std::ranges::rotate(out.records, out.records.begin() + static_cast<std::ptrdiff_t>(q.id % out.records.size()));
    }
    return out;
  }
  if (auto reverse = decide_reverse(asking, q)) return std::move(*reverse);
  if (!asking.leads_out) return no_such_name();
  return {.what = name_decision::forward, .asking = &asking};
}

}  // namespace lxr::network
