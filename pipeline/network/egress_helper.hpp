// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

namespace lxr::network {

// The name under which lxr runs as the helper that changes the firewall for the resolver, which may not.
inline constexpr const char* egress_program = "lxr-egress";
// The most addresses that it admits at a time.
inline constexpr std::size_t most_admissions = 64;

// Starts the helper of an instance; returns the resolver's end of the channel to it. A message there is an array of
// admission (egress_rules.hpp); its answer is one byte: 1 when all are admitted. The helper lives as long as that end
// is open. Failure: throws lxr::error.
unique_fd start_egress_helper(const instance& where);

// The helper's main(): `table` is the name of the instance's nft table. It has no capability but CAP_NET_ADMIN, and
// opens no files.
int run_egress_helper(const char* table);

}  // namespace lxr::network
