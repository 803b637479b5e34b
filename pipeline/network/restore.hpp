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

// Calls `change`, which throws errc::not_found when the firewall is missing: then makes that anew and calls it again,
// three times at most.
template <class Change>
void with_firewall(const instance& where, Change change) {
  for (int left = 3;; --left) {
    try {
      return change();
    } catch (const error& e) {
      if (e.code() != errc::not_found || left == 0) throw;
    }
    reload_firewall(where);
  }
}

}  // namespace lxr::network
