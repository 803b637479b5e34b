// SPDX-License-Identifier: Apache-2.0
#include "pipeline/volume/volumes.hpp"

#include "cli/commands/command.hpp"
#include "cli/flags/lifecycle_flags.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "cli/print/progress_view.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/instance/names.hpp"

namespace lxr::cli {
namespace {

int volume_create(const invocation& call) {
  flag_set app("Create a volume and print its name.", "volume create", "lxr volume create data");
  volume::volume_record wanted;
  add_label_flag(app, wanted.labels);
  app.add_optional_argument("NAME", wanted.name, "Its name (generated)");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  wanted.is_anonymous = wanted.name.empty();
  if (wanted.is_anonymous) wanted.name = new_container_id();
  const unique_fd stays = volume::lock_shared(where);
  volume::create(where, wanted);
  print_line(wanted.name);
  return 0;
}

int volume_ls(const invocation& call) {
  flag_set app("List volumes.", "volume ls", "lxr volume ls -q");
  bool quiet = false;
  app.add_flag("-q,--quiet", quiet, "Only names");
  if (const auto done = parse(app, call)) return *done;
  table t({"DRIVER", "VOLUME NAME"});
  for (const volume::volume_record& r : volume::list(call.open())) {
    if (quiet) print_line(r.name);
    t.add({"local", r.name});
  }
  if (!quiet) t.print();
  return 0;
}

json::object shown(const instance& where, const volume::volume_record& r) {
  return {{"CreatedAt", format_time(r.created_ns)},
          {"Driver", "local"},
          {"Labels", json::from(r.labels)},
          {"Mountpoint", where.root() + "/" + volume_path(r.name)},
          {"Name", r.name},
          {"Anonymous", r.is_anonymous},
          {"Scope", "local"}};
}

int volume_inspect(const invocation& call) {
  flag_set app("Show everything known about volumes, as a JSON array.", "volume inspect", "lxr volume inspect data");
  std::vector<std::string> names;
  app.add_argument("VOLUME", names, "Names", value_source::volumes);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  json::array out;
  int code = 0;
  for (const std::string& name : names) {
    if (const auto found = volume::find(where, name)) {
      out.push_back(shown(where, *found));
      continue;
    }
    print_error("cannot inspect \"" + name + "\": no volume has that name");
    code = 1;
  }
  print_json_pretty(out);
  return code;
}

int volume_rm(const invocation& call) {
  flag_set app("Remove volumes, with all that is in them.", "volume rm", "lxr volume rm data");
  std::vector<std::string> names;
  bool force = false;
  app.add_flag("-f,--force", force, "Missing ones are not an error");
  app.add_argument("VOLUME", names, "Names", value_source::volumes);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  int code = 0;
  for (const std::string& name : names) {
    try {
      volume::remove(where, name);
      print_line(name);
    } catch (const error& e) {
      if (force && e.code() == errc::not_found) continue;
      report_failure(std::current_exception());
      code = 1;
    }
  }
  return code;
}

int volume_prune(const invocation& call) {
  flag_set app("Remove volumes that no container has mounted.", "volume prune", "lxr volume prune -a");
  bool all = false, force = false;
  app.add_flag("-a,--all", all, "Also those with a name of a user's");
  app.add_flag("-f,--force", force, "Do not ask");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const char* what = all ? "This removes all volumes that no container has mounted."
                         : "This removes all anonymous volumes that no container has mounted.";
  if (!force && !confirm(what)) return 0;
  const volume::pruned gone = volume::prune(where, all);
  if (!gone.names.empty()) print_line("Deleted Volumes:");
  for (const std::string& name : gone.names) print_line(name);
  print_line("Total reclaimed space: " + human_size(gone.bytes));
  return 0;
}

constexpr command commands[] = {
    {"create", volume_create, "Create a volume"},
    {"ls", volume_ls, "List volumes"},
    {"inspect", volume_inspect, "Show everything known about volumes, as JSON"},
    {"rm", volume_rm, "Remove volumes"},
    {"prune", volume_prune, "Remove volumes that no container has mounted"},
};

}  // namespace

int cmd_volume(const invocation& call) { return dispatch(call, "volume", commands); }

}  // namespace lxr::cli
