// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/layout.hpp"

#include <unistd.h>

#include "core/base/file.hpp"
#include "core/base/json_fields.hpp"
#include "core/base/record.hpp"
#include "core/instance/names.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr std::uint32_t default_group = 0x6c787230;  // "lxr0"

std::string record_path(const std::string& directory) { return directory + "/network.json"; }

std::uint32_t group_from(const std::string& hex) {
  constexpr std::size_t digits = 8;
  constexpr std::uint32_t positive = 0x7fffffff;  // ip(8) takes groups as numbers with a sign
  const auto n = static_cast<std::uint32_t>(std::stoul(hex.substr(0, digits), nullptr, 16)) & positive;
  return n == 0 ? default_group : n;  // 0 is the group of all links that are in none
}

// network.json. Addresses are text, as users see them.
struct layout_text {
  std::string name, bridge, subnet, gateway, given_out;
  std::uint32_t group = 0;
  bool is_internal = false, has_names = false;
  int prefix = 0, mtu = 0;
};

template <class Format, json::same_struct<layout_text> T>
void describe(Format& f, T& v) {
  f("name", v.name);
  f("bridge", v.bridge);
  f("subnet", v.subnet);
  f("prefix", v.prefix);
  f("gateway", v.gateway);
  f("givenOut", v.given_out);
  f("group", v.group);
  f("internal", v.is_internal);
  f("names", v.has_names);
  f("mtu", v.mtu);
}

}  // namespace

layout default_layout(const instance& where) {
  layout out;
  out.name = default_network;
  out.directory = std::string("networks/") + default_network;
  out.bridge = where.tag().empty() ? "lxr0" : "lxr" + where.tag();
  out.group = where.tag().empty() ? default_group : group_from(where.tag());
  return out;
}

layout layout_of(const network_record& record) {
  layout out;
  out.name = record.name;
  out.directory = "networks/" + short_id(record.id);
  out.bridge = "lxr" + record.id.substr(0, 8);
  out.group = group_from(record.id);
  out.range = parse_subnet(record.subnet).value_or(nl::subnet());
  out.gateway = nl::parse_ipv4(record.gateway).value_or(0);
  out.given_out = parse_subnet(record.ip_range).value_or(nl::subnet());
  out.is_internal = record.is_internal;
  out.has_names = !record.disable_dns;
  out.mtu = record.mtu;
  return out;
}

std::optional<layout> saved_layout(const instance& where, const std::string& directory) {
  const std::string document = record_path(directory);
  const auto text = file::read_at(where.state_fd(), document);
  if (!text) return std::nullopt;
  const auto read = json::read_fields<layout_text>(record::read(*text, document), document);
  const auto base = nl::parse_ipv4(read.subnet);
  if (!base) return std::nullopt;
  layout out;
  out.name = read.name;
  out.directory = directory;
  out.bridge = read.bridge;
  out.group = read.group;
  out.range = {*base, read.prefix};
  out.gateway = nl::parse_ipv4(read.gateway).value_or(*base + 1);
  out.given_out = parse_subnet(read.given_out).value_or(nl::subnet());
  out.is_internal = read.is_internal;
  out.has_names = read.has_names;
  out.mtu = read.mtu;
  return out;
}

std::vector<layout> layouts_in_kernel(const instance& where) {
  std::vector<layout> out;
  for (const std::string& name : file::list_at(where.state_fd(), "networks")) {
    auto of = saved_layout(where, "networks/" + name);
    if (of && nl::link_index(of->bridge) != 0) out.push_back(std::move(*of));
  }
  return out;
}

void save(const instance& where, const layout& made) {
  layout_text t;
  t.name = made.name;
  t.bridge = made.bridge;
  t.subnet = nl::to_string(made.range.base);
  t.prefix = made.range.prefix;
  t.gateway = nl::to_string(made.gateway);
  if (made.given_out.prefix != 0) t.given_out = to_text(made.given_out);
  t.group = made.group;
  t.is_internal = made.is_internal;
  t.has_names = made.has_names;
  t.mtu = made.mtu;
  file::replace_at(where.state_fd(), record_path(made.directory), record::text_of(json::write_fields(t)));
}

void erase(const instance& where, const layout& made) {
  ::unlinkat(where.state_fd(), record_path(made.directory).c_str(), 0);
}

}  // namespace lxr::network
