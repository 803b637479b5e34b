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
// Forgets what the resolver's answers have opened for a container that is started again.
void forget_answers(const instance& where, const std::vector<membership>& in);
// Cuts off the links of a container that has ended: its network namespace may live on with others that joined it, while
// its network, and the firewall with it, may go. Without a route to a link the host drops all that comes from there
// (rp_filter).
void cut_off(const container_state& state) noexcept;
// Ends the restriction of links that do not exist any more.
void sweep_egress(const instance& where);

}  // namespace lxr::network
