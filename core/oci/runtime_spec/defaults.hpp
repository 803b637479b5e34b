// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Return the mounts, masked paths and read-only paths that every container gets.
std::vector<mount_spec> default_mounts();
const std::vector<std::string>& default_masked_paths();  // as this host has processors
// Returns the paths of the counters of thermal throttling of each processor: a container could read from them how busy
// the host is (GHSA-6fw5-f8r9-fgfm). `cpus` is /sys/devices/system/cpu.
std::vector<std::string> thermal_throttle_paths(const std::string& cpus);
const std::vector<std::string>& default_readonly_paths();

// Returns podman's set, one bit each: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP
// SETUID SYS_CHROOT. It lacks
// - MKNOD, so that no device cgroup is needed to keep the host's disks out of reach;
// - NET_RAW, so that a container cannot forge packets. `ping` uses an unprivileged ICMP socket instead, which the
// sysctl
//   ping_group_range allows to all users.
std::uint64_t default_capabilities();

}  // namespace lxr::oci
