// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/container_config.hpp"

namespace lxr::rootfs {

// Returns the host name of a container without --hostname: the host's own with the host's network, else the short id.
std::string default_hostname(const container_config& config);

// Returns the content of /etc/hosts (hosts(5)). The container's names lead to `address`, or to its loopback when that
// is "". With the host's network they follow `hosts_own`, the host's file.
std::string hosts_file(const container_config& config, const std::string& address, const std::string& hosts_own);
std::string hosts_file(const container_config& config, const std::string& address);  // reads this host's file

// Returns the content of /etc/resolv.conf (resolv.conf(5)), made of the host's file `hosts_own`:
// - host: unchanged;
// - none: without resolvers on the host's loopback;
// - bridge: also without IPv6 resolvers, to which the container has no route. If no resolver is left it gets public
//   ones, as with docker and podman.
std::string resolv_conf(network_mode mode, const std::string& hosts_own);
std::string resolv_conf(network_mode mode);  // reads this host's file

}  // namespace lxr::rootfs
