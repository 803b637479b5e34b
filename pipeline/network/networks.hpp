// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/model/network_record.hpp"
#include "pipeline/network/layout.hpp"

// The networks that users define. The lock of the directory root/networks orders what happens to them: who creates a
// container holds it shared until its configuration names its networks; creating and removing one holds it alone.
// Functions block for a few system calls, and for the lock at most 2 s; then they throw errc::conflict.
namespace lxr::network {

unique_fd lock_shared(const instance& where);

// Defines a network. What the record leaves open is chosen: id, subnet and gateway.
// Failure: throws errc::already_exists for a taken name, errc::invalid_argument for what is no name, subnet, gateway or
//   range, errc::conflict for a subnet that overlaps another network or what the host uses, errc::exhausted when no
//   subnet is free.
network_record create(const instance& where, network_record wanted);
// Returns a network by its name, its id or an unambiguous beginning of that; nullopt when there is none. The default
// network is known too; its subnet is "" while the kernel does not have it.
std::optional<network_record> find(const instance& where, const std::string& word);
std::vector<network_record> list(const instance& where);  // sorted by name, with the default network
// How the network lies in the kernel.  Failure: throws errc::not_found.
layout find_layout(const instance& where, const std::string& name);

// The containers of each network, by its name: those whose configuration names it.
std::map<std::string, std::vector<std::string>> users(const instance& where);
// Removes a network that no container has.
// Failure: throws errc::not_found, errc::conflict naming the containers that have it, errc::not_permitted for the
// default
//   network.
void remove(const instance& where, const std::string& word);
// Removes all networks that no container has; returns their names.
std::vector<std::string> prune(const instance& where);

}  // namespace lxr::network
