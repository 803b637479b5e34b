// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/model/container_state.hpp"
#include "core/model/published_port.hpp"
#include "io/netlink/route.hpp"

// Published ports. A port of the host is held by a bound socket as long as its container runs, so that no other program
// and no other container takes it. Packets reach the container by the firewall (firewall.hpp); what that does not
// translate arrives at the socket (port_relay.hpp).
namespace lxr::network {

struct held_port {
  published_port port;
  // TCP: listening. UDP: bound. None for SCTP where the kernel has no such sockets.
  unique_fd socket;
};

// Holds all requested ports, which are then fixed.
// Failure: throws errc::conflict when one is taken, and says by whom; errc::invalid_argument for an address that the
//   host does not have, errc::not_permitted for a port that the caller may not bind.
std::vector<held_port> hold_ports(const instance& where, const std::vector<port_request>& requests);

// Returns the address that the ports of a container are published to: that in its first network that leads out.
io::netlink::ipv4 target_of_ports(const instance& where, const container_state& state);

// Publishes held ports to a container; takes ports away from containers that do not live any more.
// Failure: as network::publish().
void publish_ports(const instance& where, const std::string& container_id, const std::vector<held_port>& ports,
                   io::netlink::ipv4 target);
// Publishes what the state lists, in a firewall that was made anew.
void publish_again(const instance& where, const std::string& container_id, const container_state& state);
// Ends the publishing of what the state lists.
void withdraw_ports(const instance& where, const std::string& container_id, const container_state& state) noexcept;
// Takes the published ports away from containers that do not live any more. `beginner`: a container that is being
// started, so that what it has is left of a start that was killed. Returns true when there were any.
bool sweep_ports(const instance& where, const std::string& beginner = {});
// Returns true when no socket holds any of the ports.
bool are_free(const std::vector<published_port>& ports);

}  // namespace lxr::network
