// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::io::cgroup {

// One write to a file of a group.
struct setting {
  std::string controller;  // "memory": on v1 also the name of its tree
  std::string file, value;
  bool is_default = false;   // the value that every new group has
  bool is_optional = false;  // kernels without swap accounting, or with fewer statistics, have no such file
};

// The resources of a runtime-spec (config-linux.md, "Control groups") as writes, in the order in which they are made.
// Device rules are not among them: see devices.hpp.
// v1 takes values as they are. v2 takes memory and swap apart, and weights in other units.
// Failure: errc::unsupported names the property that this version of cgroups has no file for.
std::vector<setting> settings_v1(const oci::resources_spec& resources);
std::vector<setting> settings_v2(const oci::resources_spec& resources);

// cpu.weight (1 to 10,000) for v1's cpu.shares (2 to 262,144), so that both have their default (1,024 and 100) and both
// ends in common: 10 to the power of (l² + 125 l) / 612 - 7 / 34, where l is the binary logarithm of the shares. It is
// the conversion of runc 1.4 and crun 1.23.
std::uint64_t cpu_weight(std::uint64_t shares);

}  // namespace lxr::io::cgroup
