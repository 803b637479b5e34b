// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/restore.hpp"

#include <linux/netlink.h>

#include <exception>

#include "core/instance/names.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/network/egress.hpp"
#include "pipeline/network/firewall.hpp"
#include "pipeline/network/forwarding.hpp"
#include "pipeline/network/host_lock.hpp"
#include "pipeline/network/layout.hpp"
#include "pipeline/network/membership.hpp"
#include "pipeline/network/ports.hpp"

namespace lxr::network {

void restore_firewall(const instance& where) {
  for (const layout& of : layouts_in_kernel(where)) enter_network(where, of.entry());
  std::exception_ptr failure;  // a container that may not be restricted
  for (const std::string& id : list_containers(where)) {
    try {
      const container_state s = load_state(where, id);
      if (s.egress) restrict_egress(where, *s.egress, memberships_of(where, s));
    } catch (const error& e) {
      if (e.code() != errc::not_found && !failure) failure = std::current_exception();
    }
    quietly([&] { publish_again(where, id, load_state(where, id)); });
  }
  if (failure) std::rethrow_exception(failure);
}

void reload_firewall(const instance& where) {
  const unique_fd one_at_a_time = lock_host_network();
  restore_firewall(where);
  allow_forwarding(io::netlink::socket::open(NETLINK_ROUTE));
}

}  // namespace lxr::network
