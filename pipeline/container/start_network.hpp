// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async/rollback.hpp"
#include "core/async/task.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/launch/launch_inputs.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/name_service.hpp"
#include "pipeline/network/ports.hpp"
#include "pipeline/rootfs/name_resolution.hpp"

namespace lxr::container {

// What a request asks for, as the link at `position`; and what a place in a network is in the record.
network::wanted_place place_of(const network_request& wanted, int position);
network_place recorded(const network::attachment& a);

// The network's part of one start: addresses, links and published ports.
// Lifecycle: the calls in the order below, each at most once.
// Runs on: the loop's strand.
// Owns: the messages and sockets. What it takes from others it gives back by steps of `undo`.
// Borrows: the engine, the configuration and the rollback, all of which outlive it.
// Failure: throws lxr::error, as network::bridge_network and network::ports.hpp.
class start_network {
 public:
  start_network(engine& on, const container_config& config, rollback& undo) : on_(on), config_(config), undo_(undo) {}

  // Takes an address in each network, and holds the ports that the user named.
  // `was_started`: the container has run before.
  void prepare(bool was_started);
  // What the child is to do; borrows this object.
  [[nodiscard]] launch::network_inputs inputs() const;
  [[nodiscard]] bool has_links() const noexcept { return !places_.empty(); }
  // Makes the links, once the container's network namespace exists.  Cancel: none.
  task<void> make_links(pid_t namespace_of);
  // Enters the container's names, which end with its first process, `init`; `process` is a pidfd of that.  Cancel:
  // terminal.
  task<void> enter_names(const process_identity& init, int process);
  // Publishes the held ports, and with publish_all those of `image`, too.
  void publish(const std::vector<std::string>& exposed_by_image);
  // Where the container is, for its files of /etc.
  [[nodiscard]] rootfs::own_place place() const;

  void describe(container_state& out) const;
  // Returns the ports' sockets, for the monitor.
  std::vector<network::held_port> take_ports() noexcept { return std::move(ports_); }

 private:
  [[nodiscard]] std::vector<network::membership> memberships() const;
  void restrict_egress(bool was_started);
  void add_all_ports(const std::vector<std::string>& exposed_by_image);

  engine& on_;
  const container_config& config_;
  rollback& undo_;
  std::vector<network::attachment> places_;
  std::vector<network::held_port> ports_;
  std::vector<published_port> published_;
  std::optional<egress_state> egress_;
  io::netlink::batch inner_, questions_;
};

}  // namespace lxr::container
