// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/commands/command.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::cli {
namespace {

struct listed {
  std::string id;
  container_state state;  // complete() fills in name, image, command and time of creation where the record lacks them
};

// Fills in, from configuration and image, what a state record lacks: that of a container that has not run since the
// last boot, or that waits for its image.
void complete(const instance& where, listed& one) {
  const container_config config = load_config(where, one.id);
  one.state.name = config.name;
  one.state.image = config.image;
  one.state.created_ns = config.created_ns;
  one.state.command = "?";  // when the image is not in the store
  try {
    one.state.command =
        spec::command_text(spec::command_line(config, store::image_store(where).load(config.image_id).config));
  } catch (const error&) {
    // The image was removed, or is still being pulled.
  }
}

std::vector<listed> containers(const instance& where, bool all) {
  std::vector<listed> out;
  state_reader states(where);
  // After this time containers whose exit is not recorded yet are shown as they are.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (const std::string& id : list_containers(where)) {
    listed one{id, {}};
    try {
      one.state = states.load(id);
      if (one.state.ending && std::chrono::steady_clock::now() < patience)
        one.state = container::load_settled_state(where, id);
      if (!all && one.state.status != container_status::running) continue;
      if (one.state.name.empty() || one.state.command.empty()) complete(where, one);
    } catch (const error& e) {
      // errc::not_found: the container was removed meanwhile, or its records are not complete yet. Another error is
      // printed, and the list goes on.
      if (e.code() != errc::not_found) print_error("container " + short_id(id) + ": " + e.what());
      continue;
    }
    out.push_back(std::move(one));
  }
  std::ranges::sort(out, std::ranges::greater{}, [](const listed& l) { return l.state.created_ns; });
  return out;
}

std::string status_text(const container_state& s, std::int64_t now) {
  switch (s.status) {
    case container_status::created:
      return "Created";
    case container_status::starting:
      return "Starting";
    case container_status::running:
      return "Up " + human_duration(now - s.started_ns) + (s.is_paused ? " (Paused)" : "");
    case container_status::exited:
      break;
  }
  const std::string code = s.exit_code ? std::to_string(*s.exit_code) : "unknown";
  return "Exited (" + code + ")" + (s.finished_ns != 0 ? " " + human_duration(now - s.finished_ns) + " ago" : "");
}

std::string shown_command(const std::string& command, bool whole) {
  return '"' + (whole ? command : shortened(command, 20)) + '"';
}

void print_table(const std::vector<listed>& all, bool whole) {
  table t({"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "PID", "ADDRESS", "NAMES"});
  const std::int64_t now = unix_time_ns();
  for (const auto& [id, s] : all) {
    t.add({whole ? id : short_id(id), s.image, shown_command(s.command, whole),
           human_duration(now - s.created_ns) + " ago", status_text(s, now), to_text(s.ports),
           s.init.pid != 0 ? std::to_string(s.init.pid) : "", s.address(), s.name});
  }
  t.print();
}

void print_as_json(const std::vector<listed>& all) {
  const std::int64_t now = unix_time_ns();
  for (const auto& [id, s] : all) {
    const json::object o{{"ID", short_id(id)},
                         {"Names", s.name},
                         {"Image", s.image},
                         {"State", s.is_paused ? "paused" : to_string(s.status)},
                         {"Status", status_text(s, now)},
                         {"CreatedAt", format_time(s.created_ns)},
                         {"Pid", s.init.pid},
                         {"Ports", to_text(s.ports)},
                         {"Address", s.address()}};
    print_json(o);
  }
}

}  // namespace

int cmd_ps(const invocation& call) {
  flag_set app("List containers.", "ps", "lxr ps\nlxr ps -aq\nlxr ps --format json");
  bool all = false, quiet = false, whole = false;
  std::string format;
  app.add_flag("-a,--all", all, "Also those that do not run");
  app.add_flag("-q,--quiet", quiet, "Only ids");
  app.add_flag("--no-trunc", whole, "Nothing shortened");
  app.add_option("--format", format, "json: one object a line")->one_of({"json", "table", ""});
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  restore_names(where);
  const auto found = containers(where, all);
  if (quiet) {
    for (const listed& l : found) print_line(whole ? l.id : short_id(l.id));
  } else if (format == "json") {
    print_as_json(found);
  } else {
    print_table(found, whole);
  }
  return 0;
}

}  // namespace lxr::cli
