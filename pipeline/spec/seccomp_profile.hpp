// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::spec {

// Reads a seccomp profile of docker's form, in which
// - archMap lists architectures with those that go with them, and
// - includes and excludes make a rule depend on capabilities, architectures and the kernel's version;
// and one of the runtime-spec's form, which has neither. `capabilities` is the container's bounding set, `document`
// names the profile in errors.
// Failure: throws errc::corrupt for text that is no JSON, errc::invalid_argument for members of a wrong kind.
oci::seccomp_spec read_seccomp_profile(const std::string& text, std::uint64_t capabilities,
                                       const std::string& document);

}  // namespace lxr::spec
