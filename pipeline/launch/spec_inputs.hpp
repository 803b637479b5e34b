// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/oci/runtime_spec/types.hpp"

// What launch, and those who prepare for it, take of a spec.
namespace lxr::launch {

// Throws errc::invalid_argument for a spec that would change the host: without a mount namespace of its own, or with a
// name or a network (`has_network`) and no namespace for it. Throws errc::unsupported for what lxr does not do yet, so
// that nothing is passed over.
void check_supported(const oci::runtime_spec& spec, bool has_network);
// The same of a further process.
void check_supported(const oci::process_spec& process);

// The resources of the container's cgroup: those of the spec and, where that has rules about devices, after them the
// devices that every container has (config-linux.md, "Default Devices").
oci::resources_spec cgroup_resources(const oci::runtime_spec& spec);
// Whether a program inside would find limits in its cgroup that it should size itself by.
bool limits_memory_or_cpu(const oci::runtime_spec& spec);

}  // namespace lxr::launch
