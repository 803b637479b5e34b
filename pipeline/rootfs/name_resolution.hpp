// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/model/container_config.hpp"
#include "pipeline/network/membership.hpp"

namespace lxr::rootfs {

// Returns the host name of a container without --hostname: the host's own with the host's network, else the short id.
std::string default_hostname(const container_config& config);

// Where the container is in its first network, and the server that answers for its networks' names
// (network::resolver_of()); "" without one.
struct own_place {
  std::string address, gateway, resolver;
};
own_place place_of(const container_config& config, const std::vector<network::membership>& in);

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
// With a `resolver` that is the only server: it asks those of the options, or the host's.
std::string resolv_conf(const network_options& options, const std::string& hosts_own, const std::string& resolver = {});
// The same with this host's file.
std::string resolv_conf_here(const network_options& options, const std::string& resolver);

}  // namespace lxr::rootfs
