#pragma once

#include <string>

#include "core/model/container_config.hpp"

namespace lxr::rootfs {

// The host name of a container for which none is asked: its short id; with the host's network, the host's.
std::string default_hostname(const container_config& config);

// The content of a container's /etc/hosts (hosts(5)); `address`: its own, empty when it has none. Its own names lead to
// that address, else to its loopback; with the host's network they come behind `hosts_own`, the host's file.
std::string hosts_file(const container_config& config, const std::string& address, const std::string& hosts_own);
std::string hosts_file(const container_config& config, const std::string& address);  // on this host

// The content of its /etc/resolv.conf (resolv.conf(5)), of the host's. With the host's network that is it; with none, without
// resolvers on the host's loopback; on a bridge also without those of IPv6, which it has no way to. A bridged container
// that would be left without any asks public ones, as docker's and podman's do.
std::string resolv_conf(network_mode mode, const std::string& hosts_own);
std::string resolv_conf(network_mode mode);  // on this host

}  // namespace lxr::rootfs
