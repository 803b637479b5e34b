// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "io/cgroup/freezer.hpp"
#include "io/cgroup/removal.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/launch/failure.hpp"
#include "pipeline/launch/hooks.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/launch/start_socket.hpp"
#include "pipeline/runtime/entry.hpp"
#include "pipeline/runtime/refusal.hpp"
#include "pipeline/runtime/runtime.hpp"

namespace lxr::runtime {
namespace {

std::string document_of(container_state s, status now) {
  s.now = now;
  return json::dump(state_document(s));
}

task<void> end_first(context& on, const container_record& kept) {
  const unique_fd pidfd = kept.init.open();
  if (!pidfd) co_return;
  io::process::send_signal(pidfd.get(), SIGKILL);
  if (!kept.cgroup.empty()) io::cgroup::kill(on.cgroups, kept.cgroup, SIGKILL);
  readiness end(on.launching.executor, pidfd.get());
  auto ending = end.readable();
  co_await with_deadline(std::chrono::seconds(10), std::move(ending), "end", "container " + kept.id);
}

}  // namespace

void remove_cgroup(const context& on, const container_record& kept) noexcept {
  if (kept.cgroup.empty()) return;
  const bool is_ours = kept.cgroup.starts_with("lxr-runtime/");
  io::cgroup::remove(on.cgroups, kept.cgroup, {},
                     is_ours ? io::cgroup::group_above::removed_if_empty : io::cgroup::group_above::kept);
}

task<void> run_poststop(context& on, container_state s, std::vector<oci::hook> hooks) {
  for (const oci::hook& hook : hooks) {
    std::exception_ptr failure;
    try {
      auto after =
          launch::run_hooks(on.launching, {"poststop", s.kept.bundle}, {hook}, document_of(s, status::stopped));
      co_await std::move(after);
    } catch (...) {
      failure = std::current_exception();
    }
    if (is_cancelled(failure)) std::rethrow_exception(failure);
    if (failure) on.launching.events.message(describe(failure));
  }
}

task<void> start(context& on, std::string id) {
  const container_directory directory = container_directory::open(on.root, id);
  const container_state s = state_of(on, directory);
  if (s.now != status::created)
    refuse("start", id, std::string("cannot start a container in the ") + to_word(s.now) + " state");
  const oci::runtime_spec spec = directory.load_spec();
  std::exception_ptr failure;
  try {
    if (!s.kept.init.is_alive()) refuse("start", id, "container not running");
    if (!spec.hooks.start_container.empty()) {
      const container_entry entry(on, directory, s, spec, "start");
      const launch::further_inputs inputs = entry.inputs();
      launch::hook_place inside{.kind = "startContainer", .process = &*spec.process, .inputs = &inputs};
      auto before =
          launch::run_hooks(on.launching, inside, spec.hooks.start_container, document_of(s, status::created));
      co_await std::move(before);
    }
    launch::starter starting(directory.fd());
    directory.mark_started();
    if (const auto failed = starting.finish())
      throw launch::explain_failure({}, *failed, spec.process.value_or(oci::process_spec{.args = {"its command"}}));
    auto after = launch::run_hooks(on.launching, {"poststart", s.kept.bundle}, spec.hooks.poststart,
                                   document_of(s, status::running));
    co_await std::move(after);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  try {
    auto ending = end_first(on, s.kept);
    co_await std::move(ending);
  } catch (const error&) {
    // The first failure is the one to tell.
  }
  std::rethrow_exception(failure);
}

void kill(const context& on, const std::string& id, int signal, bool all) {
  const container_directory directory = container_directory::look(on.root, id);
  const container_state s = state_of(on, directory);
  bool own_pids = true;
  quietly([&] { own_pids = directory.load_spec().linux_part.has(oci::namespace_kind::pid); });
  const bool group = (all || !own_pids) && !s.kept.cgroup.empty();
  if (s.now == status::stopped && !group) refuse("kill", id, "container not running");
  if (group) {
    io::cgroup::kill(on.cgroups, s.kept.cgroup, signal);
    return;
  }
  const unique_fd pidfd = s.kept.init.open();
  if (!pidfd) refuse("kill", id, "container not running");
  io::process::send_signal(pidfd.get(), signal);
  // What is frozen dies only once it is thawed.
  if (signal == SIGKILL && s.now == status::paused) io::cgroup::thaw(on.cgroups, s.kept.cgroup);
}

task<void> remove(context& on, std::string id, bool force) {
  std::optional<container_directory> directory;
  try {
    directory = container_directory::open(on.root, id);
  } catch (const error& e) {
    if (!force || e.code() != errc::not_found) throw;
  }
  if (!directory) co_return;
  const container_state s = state_of(on, *directory);
  if (!force && (s.now == status::running || s.now == status::paused))
    refuse("delete", id, std::string("container still running: it is not stopped: ") + to_word(s.now));
  if (s.now == status::paused) io::cgroup::thaw(on.cgroups, s.kept.cgroup);
  auto ending = end_first(on, s.kept);
  co_await std::move(ending);
  remove_cgroup(on, s.kept);
  oci::runtime_spec spec;
  quietly([&] { spec = directory->load_spec(); });
  directory->remove();
  auto after = run_poststop(on, s, spec.hooks.poststop);
  co_await std::move(after);
}

}  // namespace lxr::runtime
