// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lxr::io::process {

// From now on this process and its children have at most the capabilities of `kept` (one bit each, capability(7)), and
// gain none by executing a program (no_new_privs).
// Failure: throws lxr::error.
void keep_capabilities(std::uint64_t kept);

}  // namespace lxr::io::process
