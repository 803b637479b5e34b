// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/container_config.hpp"

namespace lxr::rootfs {

// Returns the host name of a container without --hostname: the host's own with the host's network, else the short id.
std::string default_hostname(const container_config& config);

// Where the container is in its first network; "" without one.
struct own_place {
  std::string address, gateway;
};

// Returns the content of /etc/hosts (hosts(5)): the user's entries, then the host by the names host.containers.internal
// and host.docker.internal, then the container's own names, which lead to its loopback when it has no address. With the
// host's network all that follows `hosts_own`, the host's file. An earlier line wins.
std::string hosts_file(const container_config& config, const own_place& place, const std::string& hosts_own);
std::string hosts_file(const container_config& config, const own_place& place);  // reads this host's file

// Returns the content of /etc/resolv.conf (resolv.conf(5)): what the options name, and of the host's file `hosts_own`
// what they leave open. Of the host's resolvers it takes
// - host: all;
// - none: those that are not on the host's loopback;
// - bridge: those that are IPv4, too, as the container has no route to others. If none is left it gets public ones, as
//   with docker and podman.
std::string resolv_conf(const network_options& options, const std::string& hosts_own);
std::string resolv_conf(const network_options& options);  // reads this host's file

}  // namespace lxr::rootfs
