// SPDX-License-Identifier: Apache-2.0
// Verbs that show: state, list, ps, events.
#include <cstdio>

#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "io/cgroup/statistics.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

json::object statistics_document(const std::string& id, const io::cgroup::statistics& s) {
  const json::object data{
      {"cpu",
       {{"usage", {{"total", s.cpu}, {"kernel", s.cpu_system}, {"user", s.cpu_user}}},
        {"throttling", {{"throttledPeriods", s.throttled_periods}, {"throttledTime", s.throttled_time}}}}},
      {"memory",
       {{"usage", {{"limit", s.memory_limit}, {"usage", s.memory}}},
        {"swap", {{"usage", s.swap}}},
        {"raw", {{"total_inactive_file", s.cache}, {"inactive_file", s.cache}}}}},
      {"pids", {{"current", s.processes}, {"limit", s.processes_limit}}}};
  return {{"type", "stats"}, {"id", id}, {"data", data}};
}

}  // namespace

int verb_state(const verb_call& call) {
  flag_set flags("Show the state of a container, as JSON.", "runtime state");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  call.perform(
      [&](runtime::context& on) { print_json_pretty(runtime::state_document(runtime::state_of(on, only_id(flags)))); });
  return 0;
}

int verb_list(const verb_call& call) {
  flag_set flags("List containers.", "runtime list");
  std::string format = "table";
  bool quiet = false;
  flags.add_option("-f,--format", format, "table or json")->one_of({"table", "json"});
  flags.add_flag("-q,--quiet", quiet, "Only ids");
  if (!call.parse(flags)) return 0;
  call.perform([&](runtime::context& on) {
    std::vector<json::object> all;
    for (const std::string& id : runtime::container_directory::list(on.root)) {
      quietly([&] { all.push_back(runtime::state_document(runtime::state_of(on, id))); });
    }
    if (quiet) {
      for (const json::object& o : all) print_line(json::get_string(o, "id"));
    } else if (format == "json") {
      print_json(json::array(all.begin(), all.end()));
    } else {
      table rows({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
      for (const json::object& o : all) {
        rows.add({json::get_string(o, "id"), std::to_string(json::get_int(o, "pid")), json::get_string(o, "status"),
                  json::get_string(o, "bundle"), json::get_string(o, "created"), json::get_string(o, "owner")});
      }
      rows.print();
    }
  });
  return 0;
}

int verb_ps(const verb_call& call) {
  flag_set flags("Show the processes of a container.", "runtime ps");
  std::string format = "table";
  flags.add_option("-f,--format", format, "table or json")->one_of({"table", "json"});
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  call.perform([&](runtime::context& on) {
    const std::vector<pid_t> pids = runtime::processes(on, only_id(flags));
    if (format == "json") {
      print_json(json::array(pids.begin(), pids.end()));
    } else {
      print_line("PID");
      for (const pid_t pid : pids) print_line(std::to_string(pid));
    }
  });
  return 0;
}

int verb_events(const verb_call& call) {
  flag_set flags("Show what a container uses, as JSON.", "runtime events");
  bool once = false;
  std::string interval;
  flags.add_flag("--stats", once, "Once");
  flags.add_option("--interval", interval, "Not supported yet");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  if (!once) throw error(errc::unsupported, "watch", "events", "lxr does not do that yet", "use --stats");
  call.perform([&](runtime::context& on) {
    const runtime::container_state s = runtime::state_of(on, only_id(flags));
    if (s.now == runtime::status::stopped)
      throw error(errc::conflict, "use", "container " + s.kept.id, "container not running");
    print_json(statistics_document(s.kept.id, io::cgroup::read_statistics(on.cgroups, s.kept.cgroup)));
  });
  return 0;
}

int verb_pause(const verb_call& call) {
  flag_set flags("Stop all processes of a container where they are.", "runtime pause");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  call.perform([&](runtime::context& on) { runtime::pause(on, only_id(flags)); });
  return 0;
}

int verb_resume(const verb_call& call) {
  flag_set flags("Continue a paused container.", "runtime resume");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  call.perform([&](runtime::context& on) { runtime::resume(on, only_id(flags)); });
  return 0;
}

}  // namespace lxr::cli::runtime_verbs
