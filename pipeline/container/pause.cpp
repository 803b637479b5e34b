// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/pause.hpp"

#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "io/cgroup/freezer.hpp"
#include "pipeline/container/kernel_objects.hpp"

namespace lxr::container {
namespace {

[[noreturn]] void refuse(const char* operation, const std::string& id, const container_state& state,
                         const std::string& why) {
  throw error(errc::conflict, std::string(operation) + " container",
              '"' + (state.name.empty() ? short_id(id) : state.name) + '"', why);
}

// The state of a container whose processes run, paused or not.
container_state running_state(const instance& where, const std::string& id, const char* operation) {
  container_state state = load_state(where, id);
  if (state.status != container_status::running) refuse(operation, id, state, "it is not running");
  return state;
}

}  // namespace

task<void> pause(const instance& where, const io::cgroup::layout& cgroups, std::string id) {
  const container_lock lock = co_await lock_container(where, id);
  container_state state = running_state(where, id, "pause");
  if (state.is_paused) refuse("pause", id, state, "it is paused already");
  try {
    io::cgroup::freeze(cgroups, cgroup_path(where, id));
  } catch (const error& e) {
    if (e.code() != errc::not_found && state.init.is_alive()) throw;
    refuse("pause", id, state, "it was stopped meanwhile");
  }
  state.is_paused = true;
  save(where, id, state);
}

task<void> unpause(const instance& where, const io::cgroup::layout& cgroups, std::string id) {
  const container_lock lock = co_await lock_container(where, id);
  container_state state = running_state(where, id, "unpause");
  if (!state.is_paused) {
    refuse("unpause", id, state, state.init.is_alive() ? "it is not paused" : "it was stopped meanwhile");
  }
  io::cgroup::thaw(cgroups, cgroup_path(where, id));
  state.is_paused = false;
  save(where, id, state);
}

void thaw(const instance& where, const io::cgroup::layout& cgroups, const std::string& id) {
  container_state state = load_raw_state(where, id);
  if (!state.is_paused) return;
  io::cgroup::thaw(cgroups, cgroup_path(where, id));
  state.is_paused = false;
  save(where, id, state);
}

}  // namespace lxr::container
