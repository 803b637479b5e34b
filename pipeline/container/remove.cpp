#include "pipeline/container/remove.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/state/names.hpp"
#include "core/state/trash.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/container/launch.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/network/bridge_network.hpp"

namespace lxr::container {
namespace {

using std::chrono::seconds;

// Returns when no link of `names` exists any more; the kernel takes them down after the last process of a namespace.
task<void> links_gone(asio::any_io_executor executor, std::set<std::string> names) {
  const auto events = io::netlink::socket::open_events(NETLINK_ROUTE, RTNLGRP_LINK);
  const auto route = io::netlink::socket::open(NETLINK_ROUTE);
  readiness changed(std::move(executor), events.fd());
  for (;;) {
    bool any = false;
    for (const std::string& present : io::netlink::link_names(route)) any = any || names.contains(present);
    if (!any) co_return;
    co_await changed.readable();
    events.drain();
  }
}

// A config that cannot be read must not keep its container from being removed.
container_config load_config_to_remove(const instance& where, const std::string& id, bool force) {
  try {
    return load_config(where, id);
  } catch (const error&) {
    if (!force) throw;
    container_config broken;
    broken.id = id;
    return broken;
  }
}

}  // namespace

std::optional<std::string> discard_files(const instance& where, const container_config& config) {
  release_name(where, config.name, config.id);
  const std::string data = "containers/" + config.id;
  auto state = move_state_to_trash(where, data);  // first: without it, but with its data, it is one that never ran
  move_to_trash(where, data);
  return state;
}

task<void> remove(const instance& where, const io::cgroup::layout& cgroups, std::string id, bool force) {
  const container_config config = load_config_to_remove(where, id, force);
  make_state_dir(where, id);  // it may be missing after a reboot; the lock lives in it
  container_state last;
  unique_fd dying;
  {
    const auto lock = lock_container(where, id);
    if (!lock) co_return;  // somebody else removed it meanwhile
    const container_state state = load_state(where, id);
    if (!state.can_remove() && !force) {
      throw error(errc::conflict, "remove container", '"' + config.name + '"', "it is running", "stop it first, or use rm -f");
    }
    last = load_raw_state(where, id);
    dying = state.init.open();
    if (dying) io::process::send_signal(dying.get(), SIGKILL);
    // From here on it exists for nobody, its monitor included: the rest of its end is ours to see to.
    if (const auto hidden = discard_files(where, config)) last = load_moved_state(where, *hidden);
    if (!dying && last.init.pid != 0) {  // a start was in progress; what it writes from now on fails, and it gives up
      dying = last.init.open();
      if (dying) io::process::send_signal(dying.get(), SIGKILL);
    }
  }
  if (dying) {
    auto end = exited(dying.get());
    co_await with_deadline(seconds(10), std::move(end), "kill", '"' + config.name + '"');
  }
  release_kernel_objects(where, cgroups, id, last);
}

namespace {

// What a creator that died left. Who creates holds the store shared until the configuration is there: while it can be held
// alone, what has none is nobody's.
void sweep_unfinished(const instance& where) {
  const auto alone = image::store(where).try_lock_alone();
  if (!alone) return;
  const auto lacks_config = [&where](const std::string& id) {
    return ::faccessat(where.root_fd(), ("containers/" + id + "/config.json").c_str(), F_OK, 0) != 0 && errno == ENOENT;
  };
  for (const std::string& id : list_containers(where)) {
    if (lacks_config(id)) move_to_trash(where, "containers/" + id);
  }
  for (const std::string& id : list_states_of_this_root(where)) {
    if (lacks_config(id)) move_state_to_trash(where, "containers/" + id);
  }
  release_stale_names(where);
}

task<void> remove_quietly(const instance& where, const io::cgroup::layout& cgroups, removal& out, bool force) {
  try {
    co_await remove(where, cgroups, out.id, force);
  } catch (const error& e) {
    out.failure = std::current_exception();
    out.running = e.code() == errc::conflict;
  }
}

}  // namespace

task<std::vector<removal>> remove_many(const instance& where, const io::cgroup::layout& cgroups,
                                       const std::vector<std::string>& ids, bool force) {
  constexpr std::size_t at_once = 256;  // each only waits for a process to die
  std::vector<removal> out;
  for (const std::string& id : ids) out.push_back({id, nullptr, false});
  for (std::size_t begin = 0; begin < out.size(); begin += at_once) {
    task_scope scope(co_await asio::this_coro::executor);
    for (std::size_t i = begin; i < std::min(out.size(), begin + at_once); ++i) {
      scope.spawn(remove_quietly(where, cgroups, out[i], force));
    }
    co_await scope.join();
  }
  co_return out;
}

task<void> settle(const instance& where, const io::cgroup::layout& cgroups, std::vector<std::string> removed_ids) {
  quietly([&] { sweep_unfinished(where); });
  empty_trash(where);  // while the kernel takes links down
  std::set<std::string> links;
  for (const std::string& id : removed_ids) links.insert(network::link_name(id));
  try {
    auto gone = links_gone(co_await asio::this_coro::executor, std::move(links));
    co_await with_deadline(seconds(5), std::move(gone), "wait for", "the kernel to remove links");
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;
  }
  quietly([&] { network::remove_if_unused(where); });
  io::cgroup::group::sweep(cgroups, where.kernel_name(), [&where](const std::string& id) {
    const std::string directory = "containers/" + id;
    return ::faccessat(where.root_fd(), directory.c_str(), F_OK, 0) == 0 || ::faccessat(where.state_fd(), directory.c_str(), F_OK, 0) == 0;
  });
}

}  // namespace lxr::container
