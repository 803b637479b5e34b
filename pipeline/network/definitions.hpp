// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "core/model/network_record.hpp"
#include "io/netlink/route.hpp"

// The records of the networks that users define: root/networks/<name>.json.
// Failure: reading throws errc::corrupt for a damaged record, errc::unsupported for that of a newer lxr.
namespace lxr::network {

inline constexpr const char* definitions_directory = "networks";  // of the root directory
std::string definition_path(const std::string& name);

// nullopt for a name without a record, and for what is no name.
std::optional<network_record> read_definition(const instance& where, const std::string& name);
std::vector<network_record> read_definitions(const instance& where);

std::vector<io::netlink::subnet> subnets_of(const std::vector<network_record>& networks);

}  // namespace lxr::network
