// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <map>

#include "cli/commands/command.hpp"
#include "cli/commands/image_words.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/own_program.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/layout.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/image_worker/client.hpp"
#include "pipeline/store/prune.hpp"

namespace lxr::cli {
namespace {

std::string with_share(std::uint64_t part, std::uint64_t whole) {
  return human_size(part) + (whole == 0 ? "" : " (" + std::to_string(part * 100 / whole) + "%)");
}

int system_df(const invocation& call) {
  flag_set app("Show what images and containers take on disk, and how much of it could be given back.", "system df",
               "lxr system df");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const store::usage images = store::usage_of(where);
  std::size_t all = 0, running = 0;
  std::uint64_t bytes = 0, reclaimable = 0;
  for (const std::string& id : list_containers(where)) {
    const std::uint64_t size = file::disk_usage_at(where.root_fd(), "containers/" + id);
    bool runs = false;
    quietly([&] { runs = load_state(where, id).init.pid != 0; });  // a damaged record counts as not running
    ++all;
    bytes += size;
    if (runs) ++running;
    if (!runs) reclaimable += size;
  }
  table t({"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"});
  t.add({"Images", std::to_string(images.images), std::to_string(images.used_images), human_size(images.bytes),
         with_share(images.reclaimable, images.bytes)});
  t.add(
      {"Containers", std::to_string(all), std::to_string(running), human_size(bytes), with_share(reclaimable, bytes)});
  t.print();
  return 0;
}

// Returns the containers that do not run, read without their locks; the removal judges each again under its lock. A
// container with a damaged record is one of them.
std::vector<std::string> idle_containers(const instance& where) {
  std::vector<std::string> out;
  for (const std::string& id : list_containers(where)) {
    bool idle = true;
    quietly([&] { idle = load_state(where, id).is_idle(); });
    if (idle) out.push_back(id);
  }
  return out;
}

// Returns true when another process has removed the container meanwhile.
bool is_not_found(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.code() == errc::not_found;
  }
}

// Removes containers that are idle when they are judged again, under their locks, and prints their ids. `removed` is
// called for each. Returns an exit code.
int remove_idle(const instance& where, std::vector<std::string> ids,
                const std::function<void(const std::string&)>& removed) {
  asio::io_context loop(1);
  int code = 0;
  const auto cgroups = io::cgroup::layout::detect();
  for (const container::removal& r :
       lxr::run(loop, container::remove_many(where, cgroups, ids, container::removal_mode::idle))) {
    if (r.failure && !is_not_found(r.failure)) code = report_failure(r.failure);
    if (r.failure || r.result == container::removal_result::left) continue;
    removed(r.id);
    print_line("Deleted container: " + r.id);
  }
  lxr::run(loop, container::settle(where, cgroups, std::move(ids)));
  return code;
}

// Removes what a crash or a reboot left and nobody can want back. Containers with --rm that have ended are there only
// when the process that was to remove them died.
int prune_external(const instance& where) {
  std::vector<std::string> ids = list_containers(where);
  std::erase_if(ids, [&where](const std::string& id) {
    bool left = false;
    quietly([&] {
      left = load_config(where, id).lifecycle.auto_remove && load_state(where, id).status == container_status::exited;
    });
    return !left;
  });
  const int code = remove_idle(where, std::move(ids), [](const std::string&) {});
  store::image_store(where).sweep();
  return code;
}

int system_prune(const invocation& call) {
  flag_set app(
      "Remove stopped containers and images without a name; with -a all images that no container uses. With --external "
      "remove only what a crash or a reboot left: ended containers of --rm, half-made ones, interrupted pulls, "
      "networks and cgroups without a container.",
      "system prune", "lxr system prune -af\nlxr system prune --external");
  prune_flags flags;
  bool external = false;
  flags.add_to(app);
  app.add_flag("--external", external, "Only what nobody owns any more; asks nothing");
  if (const auto done = parse(app, call)) return *done;
  if (external && flags.all)
    throw error(errc::invalid_argument, "use --external", "", "it conflicts with --all", "leave one of them out");
  const instance where = call.open();
  if (external) return prune_external(where);
  if (!flags.force && !confirm(std::string("WARNING! This will remove all stopped containers and all images ") +
                               (flags.all ? "that no container uses." : "without a name.")))
    return 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> ids = idle_containers(where);
  std::map<std::string, std::uint64_t> size_of;
  for (const std::string& id : ids) size_of[id] = file::disk_usage_at(where.root_fd(), "containers/" + id);
  const int code = remove_idle(where, std::move(ids), [&](const std::string& id) { bytes += size_of[id]; });
  const store::removed gone = store::prune(where, flags.all);
  print_removed(gone);
  print_line("Total reclaimed space: " + human_size(bytes + gone.bytes));
  return code;
}

int system_check(const invocation& call) {
  flag_set app(
      "Read everything in the store and compare it with its digests. Exits with 1 when something is wrong and was not "
      "repaired.",
      "system check", "lxr system check\nlxr system check --repair");
  bool repair = false;
  app.add_flag("--repair", repair, "Make indexes anew, and remove what is damaged beyond that");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  asio::io_context loop(1);
  const auto print = [](const store::finding& f) {
    print_line(f.object + ": " + f.problem + (f.repair.empty() ? "" : " (" + f.repair + ")"));
  };
  const store::check_summary s = lxr::run(loop, image_worker::check(where, own_program("lxr-image"), repair, print));
  print_line(std::to_string(s.layers) + " layers and " + std::to_string(s.images) + " images checked, " +
             std::to_string(s.findings) + " problems, " + std::to_string(s.repaired) + " repaired");
  return s.findings > s.repaired ? 1 : 0;
}

constexpr command system_commands[] = {
    {"df", system_df, "Show what is used on disk"},
    {"prune", system_prune, "Remove what nobody needs"},
    {"check", system_check, "Compare the store with its digests"},
    {"info", cmd_info, "Show what this host offers"},
};

}  // namespace

int cmd_system(const invocation& call) { return dispatch(call, "system", system_commands); }

}  // namespace lxr::cli
