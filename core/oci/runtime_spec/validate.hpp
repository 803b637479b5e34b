// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Whether the values of a spec fit together and can mean something to Linux; nothing of the host is looked at.
// Throws errc::invalid_argument: "cannot use DOCUMENT: PROPERTY REASON". Relative destinations of mounts are allowed,
// as other runtimes allow them; they mean a path from the container's root.
void validate(const runtime_spec& spec, std::string_view document);
// The rules of a process alone.
void validate(const process_spec& process, std::string_view document);

}  // namespace lxr::oci
