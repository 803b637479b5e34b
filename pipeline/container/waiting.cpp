// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/waiting.hpp"

#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_spec.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/launch/failure.hpp"
#include "pipeline/launch/start_socket.hpp"

namespace lxr::container {
namespace {

error explain(const instance& where, const std::string& id, const io::child::child_report& report) {
  const auto spec = load_spec(where, id);
  return launch::explain_failure(
      {}, report, spec ? spec->process.value_or(oci::process_spec()) : oci::process_spec{.args = {"its command"}});
}

}  // namespace

void start_waiting(const instance& where, const std::string& id) {
  const auto dir = open_state_dir(where, id);
  if (!dir) throw error(errc::not_found, "start container", short_id(id), "its state is gone");
  // Before it runs: once it does, that must be known, also where there is no room to write it down any more.
  const container_state before = load_raw_state(where, id);
  mark_running(where, id);
  std::optional<launch::starter> starting;
  try {
    starting.emplace(dir->get());
  } catch (const error&) {
    quietly([&] { save(where, id, before); });
    throw;
  }
  if (const auto failed = starting->finish()) throw explain(where, id, *failed);
}

}  // namespace lxr::container
