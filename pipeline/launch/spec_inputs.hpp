// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/oci/runtime_spec/types.hpp"
#include "io/cgroup/cgroup.hpp"

// What others take of a spec.
namespace lxr::launch {

// Throws errc::unsupported for resources that lxr does not limit yet.
io::cgroup::limits cgroup_limits(const oci::runtime_spec& spec);
// Whether a program inside would find limits in its cgroup that it should size itself by.
bool limits_memory_or_cpu(const oci::runtime_spec& spec);
// The filter of the spec, struct sock_filter each; empty: none. Throws errc::unsupported for a profile of its own.
std::string_view seccomp_filter(const oci::runtime_spec& spec);

}  // namespace lxr::launch
