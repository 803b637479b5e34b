// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/async/task.hpp"
#include "core/instance/paths.hpp"
#include "core/model/options/network.hpp"

namespace lxr::container {

// Links a container to one more network: one that runs at once, and every container at its next starts.
// Runs on: the loop's strand.
// Failure: throws errc::conflict for a container that has the network, or that shares the network of the host, of
//   another container or of a path; otherwise what network::bridge_network throws. The container is as before then.
// Cancel: terminal, while it waits for the container's lock.
task<void> connect_network(const instance& where, std::string id, network_request wanted);

// Takes a container out of a network.
// Failure: throws errc::not_found when it is not in it, errc::conflict when its ports are published there.
// Cancel: as connect_network().
task<void> disconnect_network(const instance& where, std::string id, std::string network);

}  // namespace lxr::container
