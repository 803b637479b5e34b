// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/async/readiness.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/instance/process_identity.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/network/membership.hpp"
#include "pipeline/network/name_messages.hpp"

namespace lxr::network {

// Enters the names of containers with the instance's resolver (resolver.hpp), and starts that when it is missing: then
// also the names of all other containers that live.
// Lifecycle: connects at the first call; outlives its calls.
// Runs on: the loop's strand.
// Owns: the connection.
// Borrows: the instance.
// Failure: enter() throws lxr::error: errc::timed_out when the resolver does not answer for 2 s, errc::unavailable when
//   another program listens on port 53 of the gateway's address.
// Cancel: terminal; the names may be entered then.
class name_service {
 public:
  explicit name_service(const instance& where) : where_(where) {}

  // Enters a container's names, or changes them; returns when they resolve. `process` is a pidfd of its first process,
  // with which the names end. Does nothing when none of its networks has names and it is not restricted, unless
  // `had_names`: then its old names are removed.
  struct subject {
    const container_config& config;
    std::vector<membership> in;
    std::optional<egress_state> egress;
    process_identity init;
  };
  task<void> enter(subject of, int process, bool had_names = false);
  // True when the resolver has ended since: another one knows containers by their records only, so the caller enters
  // one again whose record did not name it yet.
  [[nodiscard]] bool has_lost_connection() const;

  // Starts the resolver when it was killed while containers need it, and tells it of them all.
  // Failure: throws the reason why one of them could not be entered; the others are.
  task<void> restore();
  // Calls restore() whenever the resolver ends. Returns when no container needs it any more, and at once when this
  // process has entered no names.  Failure: throws only lxr::cancelled.  Cancel: terminal.
  task<void> keep();
  [[nodiscard]] bool has_entered() const noexcept { return has_entered_; }

 private:
  [[nodiscard]] bool has_names(const std::string& id) const;
  [[nodiscard]] bool is_needed() const;
  task<void> lost();
  task<void> connect(std::string own);
  void disconnect() noexcept;
  task<bool> tell_all(std::string own);
  task<bool> enter_all(std::string own);
  task<bool> enter_recorded(std::string id);
  task<bool> tell(named_container container, std::vector<membership> in, int process);
  task<std::optional<name_answer>> exchange(name_message message, int descriptor);
  task<void> give_egress_helper();
  task<bool> serve(layout network);
  task<bool> serve_by(const layout& network, int type, const char* protocol);

  const instance& where_;
  semaphore one_at_a_time_{1};
  unique_fd socket_;
  std::optional<readiness> answers_;
  std::exception_ptr failure_;  // why one of all containers could not be entered
  bool has_entered_ = false;
};

// Returns true when containers may have lost their names: the resolver was started once, and does not run now.
bool has_lost_resolver(const instance& where);

}  // namespace lxr::network
