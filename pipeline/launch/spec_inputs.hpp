// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/oci/runtime_spec/types.hpp"

// What a launch, and the making of its cgroup, take from a spec.
namespace lxr::launch {

// Refuses a spec that lxr cannot apply.
// Failure: throws
//   - errc::invalid_argument for a spec that would change the host: it has no mount namespace, or a host or domain name
//     without a UTS namespace, or a network (`has_network`) without a network namespace;
//   - errc::unsupported for a property that lxr does not apply yet, so that none is ignored.
void check_supported(const oci::runtime_spec& spec, bool has_network);
// The same for one process; throws only errc::unsupported.
void check_supported(const oci::process_spec& process);

// Returns the resources for the container's cgroup: those of the spec. If the spec has device rules, rules that allow
// the devices of every container come after them (config-linux.md, "Default Devices").
oci::resources_spec cgroup_resources(const oci::runtime_spec& spec);
// Returns true when the spec limits memory or CPU time: programs that size themselves by such limits (as the JVM does)
// then have to find them in their cgroup.
bool limits_memory_or_cpu(const oci::runtime_spec& spec);

}  // namespace lxr::launch
