// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/error.hpp"
#include "core/instance/paths.hpp"

// The firewall of an instance made anew, from records: an administrator, or another program's reload, may have flushed
// all tables.
namespace lxr::network {

// Makes it with its networks, the ports of its living containers and their restrictions.
void reload_firewall(const instance& where);
// The same for a caller that holds lock_host_network().
void restore_firewall(const instance& where);

// Calls `change`, which throws errc::not_found when the firewall is missing: then makes that anew and calls it again.
template <class Change>
void with_firewall(const instance& where, Change change) {
  try {
    return change();
  } catch (const error& e) {
    if (e.code() != errc::not_found) throw;
  }
  reload_firewall(where);
  change();
}

}  // namespace lxr::network
