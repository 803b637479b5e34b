// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/remove.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <set>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/instance/ownership.hpp"
#include "core/instance/trash.hpp"
#include "io/cgroup/removal.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/container/pause.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/ports.hpp"
#include "pipeline/store/store.hpp"
#include "pipeline/volume/volumes.hpp"

namespace lxr::container {
namespace {

using std::chrono::seconds;

// Returns when no link of `names` exists: the kernel removes them some time after the last process of their namespace.
// Cancel: terminal.
task<void> links_gone(asio::any_io_executor executor, std::set<std::string> names) {
  const auto events = io::netlink::socket::open_events(NETLINK_ROUTE, RTNLGRP_LINK);
  const auto route = io::netlink::socket::open(NETLINK_ROUTE);
  readiness changed(executor, events.fd());
  for (;;) {
    bool any = false;
    // The name of each further link of a container begins with that of its first.
    for (const std::string& present : io::netlink::link_names(route))
      any = any || names.contains(present.substr(0, network::first_link_size));
    if (!any) co_return;
    co_await changed.readable();
    events.drain();
  }
}

// Reads the configuration. One that cannot be read must not keep a container from being removed.
container_config config_to_remove(const instance& where, const std::string& id) {
  try {
    return load_config(where, id);
  } catch (const error&) {
    container_config unreadable;
    unreadable.id = id;  // release_stale_names() frees its name, if it has one
    return unreadable;
  }
}

// The record and what it means now. When it cannot be read, the process is found by its cgroup and killed with that.
struct known_state {
  container_state raw, now;
};
known_state state_to_remove(const instance& where, const std::string& id) {
  try {
    container_state raw = load_raw_state(where, id);
    return {raw, corrected(raw)};
  } catch (const error&) {
    return {};
  }
}

[[noreturn]] void refuse(const container_config& config, const container_state& state) {
  const std::string subject = '"' + (config.name.empty() ? short_id(config.id) : config.name) + '"';
  if (state.status == container_status::starting) {
    throw error(errc::conflict, "remove container", subject, "another lxr is starting it",
                "wait until it runs, or use rm -f");
  }
  throw error(errc::conflict, "remove container", subject, "it is running", "stop it first, or use rm -f");
}

// Kills the first process under the container's lock. If it does not die within 10 s the records stay, so that nothing
// is lost.
task<void> kill_first(container_config config, process_identity init) {
  const unique_fd process = init.open();
  if (!process) co_return;
  io::process::send_signal(process.get(), SIGKILL);
  auto end = exited(process.get());
  co_await with_deadline(seconds(10), std::move(end), "kill",
                         '"' + (config.name.empty() ? short_id(config.id) : config.name) + '"');
}

// Returns when the monitor of the dead container has closed the sockets of its ports, or after a second: the
// next command may want the ports at once.
task<void> ports_free(container_state of) {
  asio::steady_timer soon(co_await asio::this_coro::executor);
  for (int attempt = 0; attempt < 500 && of.monitor.is_alive() && !network::are_free(of.ports); ++attempt) {
    soon.expires_after(std::chrono::milliseconds(2));
    co_await soon.async_wait(as_result);
  }
}

}  // namespace

// Moves the data first: a reader that finds no state then finds no configuration either, and knows that there is no
// container.
void discard_files(const instance& where, const container_config& config) {
  release_name(where, config.name, config.id);
  const std::string directory = "containers/" + config.id;
  move_to_trash(where, directory);
  move_state_to_trash(where, directory);
  if (config.lifecycle.auto_remove) volume::remove_anonymous(where, config.storage.mounts);
}

task<removal_result> remove(const instance& where, const io::cgroup::layout& cgroups, std::string id, removal_mode mode,
                            anonymous_volumes volumes) {
  const container_config config = config_to_remove(where, id);
  container_lock lock = try_lock_container(where, id);
  if (!lock && mode == removal_mode::idle) co_return removal_result::left;
  if (!lock) lock = co_await lock_container(where, id);
  const known_state state = state_to_remove(where, id);
  if (mode == removal_mode::idle && !state.now.is_idle()) co_return removal_result::left;
  if (mode == removal_mode::stopped && !state.now.can_remove()) refuse(config, state.now);
  quietly([&] { thaw(where, cgroups, id); });
  co_await kill_first(config, state.raw.init);
  // From here on nobody sees the container, not even its monitor or maker: this function does what they would have
  // done.
  discard_files(where, config);
  release_kernel_objects(where, cgroups, id, state.raw);
  if (!state.raw.ports.empty()) co_await ports_free(state.raw);
  if (volumes == anonymous_volumes::removed) volume::remove_anonymous(where, config.storage.mounts);
  co_return removal_result::removed;
}

namespace {

// Returns true only for what certainly is missing: another error of faccessat(2) tells nothing.
bool is_missing(int base, const std::string& path) {
  return ::faccessat(base, path.c_str(), F_OK, 0) != 0 && errno == ENOENT;
}

// Removes what creators that died left. A creator holds the store's shared lock until config.json is written. So while
// we hold the store alone, a directory without config.json belongs to nobody.
void sweep_unfinished(const instance& where) {
  const auto alone = store::image_store(where).try_lock_alone();
  if (!alone) return;
  const auto lacks_config = [&where](const std::string& id) {
    return is_missing(where.root_fd(), "containers/" + id + "/config.json");
  };
  for (const std::string& id : list_containers(where)) {
    if (lacks_config(id)) move_to_trash(where, "containers/" + id);
  }
  for (const std::string& id : list_states_of_this_root(where)) {
    if (lacks_config(id)) move_state_to_trash(where, "containers/" + id);
  }
  release_stale_names(where);
}

task<void> remove_quietly(const instance& where, const io::cgroup::layout& cgroups, removal& out, removal_mode mode,
                          anonymous_volumes volumes) {
  try {
    out.result = co_await remove(where, cgroups, out.id, mode, volumes);
  } catch (const error&) {
    out.failure = std::current_exception();
  }
}

}  // namespace

task<std::vector<removal>> remove_many(const instance& where, const io::cgroup::layout& cgroups,
                                       const std::vector<std::string>& ids, removal_mode mode,
                                       anonymous_volumes volumes) {
  constexpr std::size_t at_once = 256;  // removals; each only waits for a process to die
  std::vector<removal> out;
  out.reserve(ids.size());
  for (const std::string& id : ids) out.push_back({id, removal_result::left, nullptr});
  for (std::size_t begin = 0; begin < out.size(); begin += at_once) {
    task_scope scope(co_await asio::this_coro::executor);
    for (std::size_t i = begin; i < std::min(out.size(), begin + at_once); ++i) {
      scope.spawn(remove_quietly(where, cgroups, out[i], mode, volumes));
    }
    co_await scope.join();
  }
  co_return out;
}

task<void> settle(const instance& where, const io::cgroup::layout& cgroups, std::vector<std::string> removed_ids) {
  quietly([&] { sweep_unfinished(where); });
  empty_trash(where);  // meanwhile the kernel removes links
  std::set<std::string> links;
  for (const std::string& id : removed_ids) links.insert(network::link_name(id));
  try {
    auto gone = links_gone(co_await asio::this_coro::executor, std::move(links));
    co_await with_deadline(seconds(5), std::move(gone), "wait for", "the kernel to remove links");
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;
  }
  quietly([&] { network::remove_unused(where); });
  io::cgroup::sweep(cgroups, where.kernel_name(), [&](const std::string& id) {
    const std::string directory = "containers/" + id;
    // The paths belong to a new instance: its groups are not those of our directories.
    if (was_replaced(where)) return true;
    return !is_missing(where.root_fd(), directory) || !is_missing(where.state_fd(), directory);
  });
  quietly([] { network::sweep_orphaned_networks(); });
  io::cgroup::sweep_orphans(cgroups, "lxr", is_orphaned);
}

}  // namespace lxr::container
