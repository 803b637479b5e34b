// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "core/model/network_record.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/firewall.hpp"

namespace lxr::network {

// How a network lies in the kernel and in the state directory. While it exists in the kernel, its directory holds it as
// network.json.
struct layout {
  std::string name;
  std::string directory;          // of the state directory: "networks/bridge" or "networks/<short id>"
  std::string bridge;             // the device with the gateway's address
  std::uint32_t group = 0;        // IFLA_GROUP of all its links; the firewall knows the network by it
  io::netlink::subnet range;      // prefix 0: a free one is chosen when the network is made
  io::netlink::ipv4 gateway = 0;  // 0: the subnet's first address
  io::netlink::subnet given_out;  // the addresses that containers get without asking; prefix 0: all
  bool is_internal = false;
  bool has_names = false;  // its containers find each other by name (name_service.hpp)
  int mtu = 0;             // 0: the kernel's choice

  [[nodiscard]] firewall_entry entry() const { return {group, range, is_internal}; }
};

layout default_layout(const instance& where);
layout layout_of(const network_record& record);

// Returns what network.json in the directory holds; nullopt when there is no such file. The network may have vanished
// from the kernel since, as after a reboot.
// Failure: throws errc::corrupt for a damaged record, errc::unsupported for that of a newer lxr.
std::optional<layout> saved_layout(const instance& where, const std::string& directory);
// Returns the instance's networks that the kernel has.
std::vector<layout> layouts_in_kernel(const instance& where);
void save(const instance& where, const layout& made);
void erase(const instance& where, const layout& made);

}  // namespace lxr::network
