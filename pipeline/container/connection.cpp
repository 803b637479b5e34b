// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/connection.hpp"

#include <fcntl.h>
#include <linux/netlink.h>

#include <algorithm>

#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/start_network.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/egress.hpp"
#include "pipeline/network/name_service.hpp"
#include "pipeline/network/networks.hpp"
#include "pipeline/network/ports.hpp"
#include "pipeline/network/restore.hpp"
#include "pipeline/rootfs/etc_files.hpp"

namespace lxr::container {
namespace {

namespace nl = io::netlink;

std::string shown(const container_config& c) { return '"' + c.name + '"'; }

std::string whose_network(network_mode mode) {
  return mode == network_mode::container ? "another container's network" : "a network of the host's";
}

// The first position that none of its links has.
int free_position(const std::string& id, const container_state& s) {
  for (int position = 0;; ++position) {
    const std::string link = network::link_name(id, position);
    if (std::ranges::find(s.networks, link, &network_place::link) == s.networks.end()) return position;
  }
}

bool leads_out(const instance& where, const container_state& s) {
  return std::ranges::any_of(s.networks, [&where](const network_place& p) {
    const auto of = network::saved_layout(where, p.directory);
    return of && !of->is_internal;
  });
}

// The default route has gone with the link that it led through: it leads through another one now, if one leads out.
void keep_way_out(const instance& where, const container_state& s) {
  for (const network_place& p : s.networks) {
    const auto of = network::saved_layout(where, p.directory);
    const auto gateway = nl::parse_ipv4(p.gateway);
    if (!of || of->is_internal || !gateway) continue;
    quietly([&] {
      const auto inside =
          nl::socket::open_in(launch::namespace_path(s.init.pid, oci::namespace_kind::network), NETLINK_ROUTE);
      nl::batch b;
      nl::put_default_route(b, *gateway, network::inner_index(network::position_of(p.link)));
      inside.exchange(b);  // refused while the container has one
    });
    return;
  }
}

// Makes the link of a container that runs.
task<void> link(const instance& where, const container_config& config, container_state& s, network_request wanted) {
  network::bridge_network to(where, network::find_layout(where, wanted.name));
  const network::wanted_place place = place_of(wanted, free_position(config.id, s));
  const network::attachment made = to.take_address(config.id, place);
  std::exception_ptr failure;
  try {
    if (s.egress) {
      network::with_firewall(where,
                             [&] { network::restrict_egress(where, *s.egress, {{made.in, made.address, made.link}}); });
    }
    auto making = to.connect(made, s.init.pid);
    co_await shielded(std::move(making));
    const auto inside =
        nl::socket::open_in(launch::namespace_path(s.init.pid, oci::namespace_kind::network), NETLINK_ROUTE);
    inside.exchange_or_throw(network::bridge_network::inner_configuration({made}, leads_out(where, s)), "set");
    s.networks.push_back(recorded(made));
    save(where, config.id, s);
    co_return;
  } catch (...) {
    failure = std::current_exception();
  }
  quietly([&] { nl::delete_link(nl::socket::open(NETLINK_ROUTE), made.link); });
  network::release_address(where, made.in.directory, config.id, nl::to_string(made.address));
  std::rethrow_exception(failure);
}

// Enters the names of a container that runs, in the networks of `s`.
task<void> enter_names(const instance& where, const container_config& config, const container_state& s,
                       bool had_names) {
  const auto in = network::memberships_of(where, s);
  if (const unique_fd process = s.init.open()) {
    network::name_service names(where);
    auto entering = names.enter({config, in, s.egress, s.init}, process.get(), had_names);
    co_await std::move(entering);
  }
}

void renew_files(const instance& where, const container_config& config, container_state& s) {
  const unique_fd data = file::open_at(where.root_fd(), "containers/" + config.id, O_RDONLY | O_DIRECTORY);
  rootfs::renew_etc_files(data.get(), config, rootfs::place_of(config, network::memberships_of(where, s)), s);
}

bool has_names(const std::vector<network::membership>& in) {
  return std::ranges::any_of(in, [](const network::membership& m) { return m.of.has_names; });
}

// Removes the link of a container that runs.
void unlink(const instance& where, const container_config& config, container_state& s, const network_place& gone) {
  nl::delete_link(nl::socket::open(NETLINK_ROUTE), gone.link);
  std::erase_if(s.networks, [&gone](const network_place& p) { return p.link == gone.link; });
  save(where, config.id, s);
  network::release_address(where, gone.directory, config.id, gone.address);
}

}  // namespace

task<void> connect_network(const instance& where, std::string id, network_request wanted) {
  const container_lock lock = co_await lock_container(where, id);
  container_config config = load_config(where, id);
  network_options& n = config.network;
  if (n.mode != network_mode::bridge && n.mode != network_mode::none) {
    throw error(errc::conflict, "connect container", shown(config), "it has " + whose_network(n.mode),
                "only one with a network of its own can have more");
  }
  const unique_fd networks_stay = network::lock_shared(where);
  wanted.name = network::find_layout(where, wanted.name).name;
  if (n.mode == network_mode::bridge && n.networks.empty()) n.networks.push_back({default_network, "", ""});
  if (std::ranges::find(n.networks, wanted.name, &network_request::name) != n.networks.end())
    throw error(errc::conflict, "connect container", shown(config), "it is in network " + wanted.name + " already");
  n.mode = network_mode::bridge;
  n.networks.push_back(wanted);
  if (wanted.name == default_network && !wanted.aliases.empty()) {
    throw error(errc::invalid_argument, "use", "--alias", "the default network has no names",
                "make a network of your own: lxr network create NAME");
  }
  container_state s = load_raw_state(where, id);
  if (s.init.is_alive()) {
    auto linking = link(where, config, s, wanted);
    co_await std::move(linking);
    std::exception_ptr failure;
    try {
      auto entering = enter_names(where, config, s, false);
      co_await shielded(std::move(entering));
      renew_files(where, config, s);
      save(where, id, s);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      quietly([&] { unlink(where, config, s, network_place(s.networks.back())); });
      std::rethrow_exception(failure);
    }
  }
  save(where, config);
}

task<void> disconnect_network(const instance& where, std::string id, std::string network_word) {
  const container_lock lock = co_await lock_container(where, id);
  container_config config = load_config(where, id);
  network_options& n = config.network;
  const auto known = network::find(where, network_word);
  const std::string name = known ? known->name : network_word;
  if (n.mode == network_mode::bridge && n.networks.empty()) n.networks.push_back({default_network, "", ""});
  if (std::erase_if(n.networks, [&name](const network_request& r) { return r.name == name; }) == 0)
    throw error(errc::not_found, "disconnect container", shown(config), "it is not in network " + name);
  if (n.networks.empty()) n.mode = network_mode::none;
  container_state s = load_raw_state(where, id);
  const auto place = std::ranges::find(s.networks, name, &network_place::network);
  if (place != s.networks.end()) {
    if (!s.ports.empty() && network::target_of_ports(where, s) == nl::parse_ipv4(place->address)) {
      throw error(errc::conflict, "disconnect container", shown(config), "its ports are published in network " + name,
                  "stop it first");
    }
    const bool had_names = has_names(network::memberships_of(where, s));
    container_state after = s;
    const auto removed = std::ranges::find(after.networks, name, &network_place::network);
    const network_place gone = std::move(*removed);
    after.networks.erase(removed);
    auto entering = enter_names(where, config, after, had_names);  // may fail: nothing has changed then
    co_await std::move(entering);
    unlink(where, config, s, gone);
    keep_way_out(where, s);
    renew_files(where, config, s);
    save(where, id, s);
  }
  save(where, config);
}

}  // namespace lxr::container
