// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/start_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/base/error.hpp"
#include "pipeline/network/egress.hpp"
#include "pipeline/network/restore.hpp"

namespace lxr::container {
namespace {

namespace nl = io::netlink;

nl::mac_address parse_mac(const std::string& text) {
  unsigned part[6] = {};
  nl::mac_address out{};
  std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5]);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(part[i]);
  return out;
}

// LXR_PUBLISH_ADDRESS: where ports without an address of their own are published; not set: at all addresses.
std::vector<port_request> with_address(std::vector<port_request> ports) {
  const char* setting = std::getenv("LXR_PUBLISH_ADDRESS");
  if (setting == nullptr || *setting == '\0') return ports;
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, setting, bytes) != 1 && ::inet_pton(AF_INET6, setting, bytes) != 1) {
    throw error(errc::invalid_argument, "use LXR_PUBLISH_ADDRESS", '"' + std::string(setting) + '"',
                "it is no IP address", "for example LXR_PUBLISH_ADDRESS=127.0.0.1");
  }
  for (port_request& r : ports) {
    if (r.address.empty()) r.address = setting;
  }
  return ports;
}

std::vector<network_request> networks_of(const network_options& n) {
  if (!n.networks.empty()) return n.networks;
  network_request one;
  one.name = default_network;
  return {one};
}

}  // namespace

network::wanted_place place_of(const network_request& wanted, int position) {
  network::wanted_place out;
  out.position = position;
  if (!wanted.address.empty()) out.address = nl::parse_ipv4(wanted.address);
  if (!wanted.mac.empty()) out.mac = parse_mac(wanted.mac);
  return out;
}

network_place recorded(const network::attachment& a) {
  return {a.in.name, a.in.directory,   nl::to_string(a.address), nl::to_string(a.in.gateway), nl::to_string(a.mac),
          a.link,    a.in.range.prefix};
}

void start_network::prepare(bool was_started) {
  const network_options& n = config_.network;
  if (n.egress) egress_ = egress_state{*n.egress};  // also without a network: it may be connected to one
  if (n.mode == network_mode::none) inner_ = network::bridge_network::loopback_configuration();
  if (n.mode != network_mode::bridge) return;
  const stage_span span(on_.events, "address", config_.name);
  if (!n.ports.empty()) ports_ = network::hold_ports(on_.where, with_address(n.ports));
  for (const network_request& r : networks_of(n)) {
    network::attachment place =
        on_.network(r.name).take_address(config_.id, place_of(r, static_cast<int>(places_.size())));
    undo_.add("address", [this, directory = place.in.directory, address = place.address] {
      network::release_address(on_.where, directory, config_.id, nl::to_string(address));
    });
    places_.push_back(std::move(place));
  }
  if (egress_) restrict_egress(was_started);
  inner_ = network::bridge_network::inner_configuration(places_);
  questions_ = network::bridge_network::link_questions(places_);
}

void start_network::restrict_egress(bool was_started) {
  if (was_started) network::forget_answers(on_.where, memberships());
  network::with_firewall(on_.where, [this] { network::restrict_egress(on_.where, *egress_, memberships()); });
}

launch::network_inputs start_network::inputs() const {
  launch::network_inputs out;
  if (inner_.size() > 0) out.inner = &inner_;
  out.waits_for_link = has_links();
  if (has_links()) out.questions = &questions_;
  return out;
}

task<void> start_network::make_links(pid_t namespace_of) {
  for (const network::attachment& place : places_) {
    auto making = on_.network(place.in.name).connect(place, namespace_of);
    co_await std::move(making);
  }
}

// All ports of the image and of --expose at free ones of the host, but for those that the user has published.
void start_network::add_all_ports(const std::vector<std::string>& exposed_by_image) {
  std::vector<std::string> words = exposed_by_image;
  words.insert(words.end(), config_.network.exposed.begin(), config_.network.exposed.end());
  std::vector<port_request> further;
  for (const std::string& word : words) {
    const port_range range = parse_port_range(word, "publish port");
    for (unsigned port = range.first; port <= range.last; ++port) {
      port_request r;
      r.inner = {range.protocol, static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(port)};
      const auto is_same = [&r](const port_request& o) {
        return o.inner.protocol == r.inner.protocol && o.inner.first == r.inner.first;
      };
      const auto is_held = [&r](const network::held_port& h) {
        return h.port.protocol == r.inner.protocol && h.port.inner == r.inner.first;
      };
      if (std::ranges::none_of(further, is_same) && std::ranges::none_of(ports_, is_held)) further.push_back(r);
    }
  }
  for (network::held_port& p : network::hold_ports(on_.where, with_address(further))) ports_.push_back(std::move(p));
}

void start_network::publish(const std::vector<std::string>& exposed_by_image) {
  if (!has_links()) return;
  if (config_.network.publish_all) add_all_ports(exposed_by_image);
  if (ports_.empty()) return;
  const stage_span span(on_.events, "ports", config_.name);
  const auto place = std::ranges::find(places_, false, [](const network::attachment& a) { return a.in.is_internal; });
  if (place == places_.end()) {
    throw error(errc::conflict, "publish ports of", '"' + config_.name + '"', "all of its networks are internal",
                "add a network that leads out, or do not publish");
  }
  container_state made;
  describe(made);
  for (const network::held_port& p : ports_) made.ports.push_back(p.port);
  network::with_firewall(on_.where, [&] { network::publish_ports(on_.where, config_.id, ports_, place->address); });
  undo_.add("ports", [this, made] { network::withdraw_ports(on_.where, config_.id, made); });
  published_ = std::move(made.ports);
}

std::vector<network::membership> start_network::memberships() const {
  std::vector<network::membership> out;
  out.reserve(places_.size());
  for (const network::attachment& a : places_) out.push_back({a.in, a.address, a.link});
  return out;
}

task<void> start_network::enter_names(const process_identity& init, int process) {
  const bool any = std::ranges::any_of(places_, [](const network::attachment& a) { return a.in.has_names; });
  if (!any && (!egress_ || places_.empty())) co_return;
  const stage_span span(on_.events, "names", config_.name);
  auto entering = on_.names.enter({config_, memberships(), egress_, init}, process);
  co_await std::move(entering);
}

rootfs::own_place start_network::place() const { return rootfs::place_of(config_, memberships()); }

void start_network::describe(container_state& out) const {
  for (const network::attachment& a : places_) out.networks.push_back(recorded(a));
  out.ports = published_;
  out.egress = egress_;
}

}  // namespace lxr::container
