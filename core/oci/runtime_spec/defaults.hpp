// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// The mounts, masked and read-only paths every container gets.
std::vector<mount_spec> default_mounts();
const std::vector<std::string>& default_masked_paths();  // as this host has processors
// Counters of each processor's temperature, which tell how hard others work (GHSA-6fw5-f8r9-fgfm).
// `cpus`: /sys/devices/system/cpu.
std::vector<std::string> thermal_throttle_paths(const std::string& cpus);
const std::vector<std::string>& default_readonly_paths();

// podman's set: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT.
// Without MKNOD no device cgroup is needed to keep the host's disks out of reach. Without NET_RAW nobody sends forged
// packets, and `ping` works by unprivileged ICMP sockets (the sysctl ping_group_range lets everybody open them).
std::uint64_t default_capabilities();

}  // namespace lxr::oci
