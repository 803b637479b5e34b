// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/gateway.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/ownership.hpp"
#include "pipeline/network/definitions.hpp"
#include "pipeline/network/firewall.hpp"
#include "pipeline/network/forwarding.hpp"
#include "pipeline/network/host_lock.hpp"
#include "pipeline/network/orphans.hpp"
#include "pipeline/network/restore.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr std::uint32_t gateway_number = 1;  // of the default network

// Makes the device; the firewall knows it to be the network's, and it says whose it is.
int make_device(const instance& where, const nl::socket& route, const layout& of) {
  nl::batch b;
  nl::put_bridge(b, {of.bridge, mac_for(of.gateway), of.group, of.mtu});
  nl::put_alias(b, of.bridge, owner_mark(where));
  route.exchange_or_throw(b, "create");
  return nl::link_index(of.bridge);
}

}  // namespace

void disable_ipv6(const std::string& link) {
  const std::string path = "/proc/sys/net/ipv6/conf/" + link + "/disable_ipv6";
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd) static_cast<void>(!::write(fd.get(), "1", 1));
}

unique_fd lock_network(const instance& where, const std::string& directory, file::lock_kind kind) {
  file::make_directory_at(where.state_fd(), directory);
  unique_fd lock = file::open_at(where.state_fd(), directory + "/lock", O_RDWR | O_CREAT);
  file::lock(lock.get(), kind, "network");
  return lock;
}

nl::mac_address mac_for(nl::ipv4 address) {
  return {0x02,
          0x42,
          static_cast<std::uint8_t>(address >> 24),
          static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

layout make_network(const instance& where, const nl::socket& route, layout wanted) {
  const unique_fd one_at_a_time = lock_host_network();
  if (was_replaced(where)) {
    throw error(errc::conflict, "make network", '"' + wanted.name + '"',
                "the directories of this instance were removed meanwhile");
  }
  quietly([&] { sweep_orphans(route); });
  nl::delete_link(route, wanted.bridge);
  std::vector<nl::subnet> used = nl::used_subnets(route);
  if (wanted.range.prefix == 0) {
    for (const nl::subnet& defined : subnets_of(read_definitions(where))) used.push_back(defined);
    wanted.range = choose_subnet(list_candidates(std::getenv("LXR_SUBNETS"), where.tag()), used);
    wanted.gateway = wanted.range.base + gateway_number;
  } else {
    check_unused(wanted.range, used, "make network", wanted.name);
  }
  try {
    const int index = make_device(where, route, wanted);
    disable_ipv6(wanted.bridge);
    nl::batch b;
    nl::put_address(b, index, wanted.gateway, wanted.range.prefix, "address of " + wanted.bridge);
    route.exchange_or_throw(b, "set");
    // Another program has flushed the table of the networks that are there; without any there is nothing to restore.
    const bool was_flushed = !layouts_in_kernel(where).empty() && !has_table(where);
    enter_network(where, wanted.entry());
    allow_forwarding(route);
    save(where, wanted);
    if (was_flushed) restore_firewall(where);
    return wanted;
  } catch (...) {
    quietly([&] { nl::delete_link(route, wanted.bridge); });
    throw;
  }
}

void remove_network(const instance& where, const nl::socket& route, const layout& of) {
  const unique_fd one_at_a_time = lock_host_network();
  forget_network(where, of.entry());
  nl::delete_link(route, of.bridge);
  quietly([&] { withdraw_forwarding(route); });
  erase(where, of);
}

}  // namespace lxr::network
