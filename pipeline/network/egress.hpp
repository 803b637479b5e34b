// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/network/membership.hpp"

// Containers that may reach only what the user has named (--egress): addresses, and what the resolver answers for names
// that the user named, for some time. The firewall keeps that (egress_rules.hpp); the resolver adds to it by a helper
// (egress_helper.hpp).
namespace lxr::network {

// Restricts a container at all of its links, before it can send.
// Failure: throws errc::not_found without the firewall, which an administrator may have flushed, or another lxr::error;
//   the container is not restricted then.
void restrict_egress(const instance& where, const egress_state& egress, const std::vector<membership>& in);
// Ends that.
void release_egress(const instance& where, const container_state& state) noexcept;
// The same for containers that do not live any more.
void sweep_egress(const instance& where);

}  // namespace lxr::network
