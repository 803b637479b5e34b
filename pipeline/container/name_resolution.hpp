#pragma once

#include <string>

#include "core/state/container_config.hpp"

namespace lxr::container {

// The content of a container's /etc/hosts (hosts(5)); `address`: its own, empty when it has none.
std::string hosts_file(const container_config& config, const std::string& address);
// The content of its /etc/resolv.conf (resolv.conf(5)): the host's resolvers, except, unless it shares the host's network,
// those that only listen on the host's own loopback.
std::string resolv_conf(network_mode mode);

}  // namespace lxr::container
