// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/model/options/security.hpp"

namespace lxr::spec {

// The capabilities of a container, one bit each.
struct capability_choice {
  std::uint64_t bounding = 0;  // all that any of its processes can have
  std::uint64_t added = 0;     // those that a process which is not root has too: each was asked for by name
};

// Applies --privileged, --cap-add and --cap-drop to the default set, as docker does: drops come first. "ALL" is all
// that lxr itself has.
// Failure: throws errc::not_permitted for one that lxr does not have itself.
capability_choice choose_capabilities(const security_options& options);

}  // namespace lxr::spec
