// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Checks that the values of a spec fit together and that Linux has a meaning for them. Reads nothing of the host.
// Allows relative destinations of mounts, which start at the container's root, as other runtimes do. Failure: throws
// errc::invalid_argument: "cannot use DOCUMENT: PROPERTY REASON".
void validate(const runtime_spec& spec, std::string_view document);
// Checks the sysctls alone: they have to belong to namespaces that the container has for itself.
void validate_sysctl(const linux_spec& spec, std::string_view document);
// Checks a process alone.
void validate(const process_spec& process, std::string_view document);

}  // namespace lxr::oci
