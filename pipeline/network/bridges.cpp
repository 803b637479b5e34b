// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/bridges.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/record.hpp"
#include "core/instance/ownership.hpp"
#include "io/netlink/nft.hpp"
#include "pipeline/network/address_pool.hpp"
#include "pipeline/network/forwarding.hpp"
#include "pipeline/network/orphans.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

void remove_bridge(const instance& where, const nl::socket& route, std::uint32_t n) {
  ::unlinkat(where.state_fd(), ready_mark(n).c_str(), 0);
  nl::delete_link(route, bridge_name(where, n));
}

void set_sysctl(const std::string& path, std::string_view value) {
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd) static_cast<void>(!::write(fd.get(), value.data(), value.size()));
}

// Turns off IPv6 on the bridge's own end (so also router advertisements), and ICMP redirects, which would tell
// containers to send to a neighbour directly (redirects stay on if net.ipv4.conf.all.send_redirects is on).
void quieten_bridge(const std::string& bridge) {
  set_sysctl("/proc/sys/net/ipv6/conf/" + bridge + "/accept_ra", "0");
  set_sysctl("/proc/sys/net/ipv6/conf/" + bridge + "/disable_ipv6", "1");
  set_sysctl("/proc/sys/net/ipv4/conf/" + bridge + "/send_redirects", "0");
}

}  // namespace

std::string bridge_name(const instance& where, std::uint32_t n) {
  const std::string first = where.tag().empty() ? "lxr0" : "lxr" + where.tag();
  return n == 0 ? first : first + "-" + std::to_string(n);
}

std::string record_path() { return std::string(network_directory) + "/network.json"; }

std::string ready_mark(std::uint32_t n) { return std::string(network_directory) + "/ready-" + std::to_string(n); }

void remove_bridges(const instance& where, const nl::socket& route) {
  for (std::uint32_t n = bridge_count; n-- > 0;) remove_bridge(where, route, n);
}

unique_fd lock_network(const instance& where, file::lock_kind kind) {
  file::make_directory_at(where.state_fd(), network_directory);
  unique_fd lock = file::open_at(where.state_fd(), std::string(network_directory) + "/lock", O_RDWR | O_CREAT);
  file::lock(lock.get(), kind, "network");
  return lock;
}

// Only root can open this file: a lock of the network namespace itself could be taken by any local user. One file for
// all namespaces: networks are rarely made, and a file per namespace would outlive it.
unique_fd lock_host_network() {
  unique_fd lock = file::open_at(AT_FDCWD, "/run/lxr-network.lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  file::lock(lock.get(), file::lock_kind::exclusive, "networks of this host");
  return lock;
}

std::optional<nl::subnet> saved_subnet(const instance& where) {
  const std::string document = record_path();
  const auto text = file::read_at(where.state_fd(), document);
  if (!text) return std::nullopt;
  const json::object o = record::read(*text, document);
  const auto base = nl::parse_ipv4(json::get_string(o, "subnet"));
  if (!base) return std::nullopt;
  return nl::subnet{*base, static_cast<int>(json::get_int(o, "prefix"))};
}

nl::mac_address mac_for(nl::ipv4 address) {
  return {0x02,
          0x42,
          static_cast<std::uint8_t>(address >> 24),
          static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

void make_network(const instance& where, const nl::socket& route) {
  const unique_fd one_at_a_time = lock_host_network();
  if (was_replaced(where))
    throw error(errc::conflict, "make network", "bridge", "the directories of this instance were removed meanwhile");
  quietly([&] { sweep_orphans(route); });
  remove_bridges(where, route);
  const std::string name = bridge_name(where);
  const nl::subnet range =
      choose_subnet(list_candidates(std::getenv("LXR_SUBNETS"), where.tag()), nl::used_subnets(route));
  const nl::ipv4 gateway = range.base + gateway_number;
  nl::batch b;
  nl::put_bridge(b, name, mac_for(gateway));
  nl::put_alias(b, name, owner_mark(where));
  route.exchange_or_throw(b, "create");
  try {
    quieten_bridge(name);
    b.clear();
    nl::put_address(b, nl::link_index(name), gateway, range.prefix, "address of " + name);
    route.exchange_or_throw(b, "set");
    nl::install_masquerade(where.kernel_name(), range, owner_mark(where));
    allow_forwarding(route);
    json::object o{{"subnet", nl::to_string(range.base)}, {"prefix", range.prefix}, {"bridge", name}};
    file::replace_at(where.state_fd(), record_path(), record::text_of(std::move(o)));
  } catch (...) {
    quietly([&] { nl::delete_link(route, name); });
    throw;
  }
}

int make_further_bridge(const instance& where, const nl::socket& route, const nl::subnet& range, std::uint32_t n) {
  remove_bridge(where, route, n);  // an interrupted call may have left it incomplete
  const std::string name = bridge_name(where, n);
  nl::batch b;
  nl::put_bridge(b, name, mac_for(range.base + gateway_number));
  nl::put_alias(b, name, owner_mark(where));
  route.exchange_or_throw(b, "create");
  try {
    const int index = nl::link_index(name);
    quieten_bridge(name);
    b.clear();
    nl::put_route(b, {range.base + n * address_pool::block_size, 22}, index);
    route.exchange_or_throw(b, "create");
    file::replace_at(where.state_fd(), ready_mark(n), "");
    return index;
  } catch (...) {
    quietly([&] { remove_bridge(where, route, n); });
    throw;
  }
}

}  // namespace lxr::network
