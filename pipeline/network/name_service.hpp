// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async/readiness.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/layout.hpp"
#include "pipeline/network/name_messages.hpp"

namespace lxr::network {

// A network that a container is in, and its address there.
struct membership {
  layout of;
  io::netlink::ipv4 address = 0;
};
// Those of a container that runs, as its record says.
std::vector<membership> memberships_of(const instance& where, const container_state& state);
// Returns the server that the container's resolv.conf(5) names in place of all others: the resolver, on the gateway of
// its first network with names. "" for a container without such a network, and for one whose --dns servers are all on
// its own loopback, where the resolver cannot ask them.
std::string resolver_of(const container_config& config, const std::vector<membership>& in);

// Enters the names of containers with the instance's resolver (resolver.hpp), and starts that when it is missing: then
// also the names of all other containers that live.
// Lifecycle: connects at the first call; outlives its calls.
// Runs on: the loop's strand.
// Owns: the connection.
// Borrows: the instance.
// Failure: enter() throws lxr::error: errc::timed_out when the resolver does not answer for 2 s, errc::conflict when
//   another program listens on port 53 of the gateway's address.
// Cancel: terminal; the names may be entered then.
class name_service {
 public:
  explicit name_service(const instance& where) : where_(where) {}

  // Enters a container's names, or changes them; returns when they resolve. `process` is a pidfd of its first process,
  // with which the names end. Does nothing when none of its networks has names, unless `had_names`: then its old names
  // are removed.
  task<void> enter(const container_config& config, std::vector<membership> in, int process, bool had_names = false);

  // Starts the resolver when it was killed while containers need it, and tells it of them all.
  task<void> restore();
  // Calls restore() whenever the resolver ends. Returns when no container needs it any more, and at once when this
  // process has entered no names.  Cancel: terminal.
  task<void> keep();
  [[nodiscard]] bool is_connected() const noexcept { return static_cast<bool>(socket_); }

 private:
  [[nodiscard]] bool is_needed() const;
  task<void> connect();
  task<void> enter_all();
  task<void> tell(named_container container, const std::vector<membership>& in, int process);
  task<std::optional<name_answer>> exchange(name_message message, int descriptor);
  task<bool> serve(const layout& network);
  task<bool> serve_by(const layout& network, int type, const char* protocol);

  const instance& where_;
  semaphore one_at_a_time_{1};
  unique_fd socket_;
  std::optional<readiness> answers_;
};

// Returns true when containers may have lost their names: the resolver was started once, and does not run now.
bool has_lost_resolver(const instance& where);

}  // namespace lxr::network
