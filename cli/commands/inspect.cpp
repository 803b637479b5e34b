// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <sstream>

#include "cli/commands/command.hpp"
#include "cli/commands/image_words.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/monitor/log_file.hpp"
#include "pipeline/spec/environment.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::cli {
namespace {

json::object namespaces_of(pid_t pid) {
  json::object out;
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "uts", "user"}) {
    char target[PATH_MAX];
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size > 0) out[kind] = std::string(target, static_cast<std::size_t>(size));
  }
  return out;
}

// Returns the mounts that process `pid` of the container sees (proc_pid_mountinfo(5)).
json::array mounts_of(pid_t pid) {
  json::array out;
  const auto text = file::read_of_process(pid, "mountinfo");
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, target, options, type, source;
    for (int i = 0; i < 4; ++i) words >> word;
    words >> target >> options;
    while (words >> word && word != "-") {
    }
    words >> type >> source;
    out.push_back(json::object{{"Destination", target},
                               {"Type", type},
                               {"Source", source},
                               {"Mode", options},
                               {"RW", !options.starts_with("ro")}});
  }
  return out;
}

std::string format_or_never(std::int64_t ns) { return ns == 0 ? "0001-01-01T00:00:00Z" : format_time(ns); }

json::object state_json(const container_state& s) {
  const bool running = s.status == container_status::running;
  return {{"Status", to_string(s.status)},
          {"Running", running},
          {"Paused", false},
          {"OOMKilled", s.oom_killed},
          {"Pid", s.init.pid},
          {"MonitorPid", s.monitor.is_alive() ? s.monitor.pid : 0},
          {"ExitCode", s.exit_code.value_or(s.status == container_status::exited ? -1 : 0)},
          {"ExitCodeKnown", running || s.exit_code.has_value() || s.status == container_status::created},
          {"Error", s.failure},
          {"StartedAt", format_or_never(s.started_ns)},
          {"FinishedAt", format_or_never(s.finished_ns)}};
}

json::object network_json(const container_config& c, const container_state& s) {
  const json::object one{
      {"IPAddress", s.address}, {"IPPrefixLen", s.prefix}, {"Gateway", s.gateway}, {"MacAddress", s.mac}};
  json::object out = one;
  out["Link"] = s.link;
  out["Ports"] = json::object{};
  out["Networks"] = json::object{{to_word(c.network.mode), one}};
  return out;
}

json::object inspect_container(const instance& where, const std::string& id) {
  // Before the configuration, because a removal takes that away first.
  const container_state s = container::load_settled_state(where, id);
  const container_config c = load_config(where, id);
  oci::image_config image;
  std::vector<std::string> command;
  try {
    image = store::image_store(where).load(c.image_id).config;
    command = spec::command_line(c, image);
  } catch (const error&) {
    // The image was removed: show what the container's own records hold.
  }
  json::array layers;
  for (auto id_of = image.diff_ids.rbegin(); id_of != image.diff_ids.rend(); ++id_of) {
    const std::string layer = "layers/" + id_of->hex();
    const bool tree = ::faccessat(where.root_fd(), (layer + "/root").c_str(), F_OK, 0) == 0;
    layers.emplace_back(where.root() + "/" + layer + (tree ? "/root" : "/data.tar"));
  }
  std::vector<std::string> env = image.env;
  for (const std::string& assignment : c.process.env) spec::set_env(env, assignment);
  json::object out{{"Id", c.id},
                   {"Created", format_time(c.created_ns)},
                   {"Path", command.empty() ? "" : command.front()},
                   {"Args", json::from(command.empty() ? command : std::vector(command.begin() + 1, command.end()))},
                   {"State", state_json(s)},
                   {"Image", "sha256:" + c.image_id},
                   {"ImageName", c.image},
                   {"Name", c.name},
                   {"LogPath", where.root() + "/containers/" + c.id + "/" + monitor::log_file::name}};
  out["GraphDriver"] =
      json::object{{"Name", "overlay"},
                   {"Data", json::object{{"LowerDirs", std::move(layers)},
                                         {"UpperDir", where.root() + "/containers/" + c.id + "/upper"},
                                         {"WorkDir", where.root() + "/containers/" + c.id + "/work"}}}};
  out["HostConfig"] = json::object{{"NetworkMode", to_word(c.network.mode)},
                                   {"Memory", c.resources.memory},
                                   {"NanoCpus", static_cast<std::int64_t>(c.resources.cpus * 1e9)},
                                   {"PidsLimit", c.resources.pids_limit},
                                   {"AutoRemove", c.lifecycle.auto_remove},
                                   {"ReadonlyRootfs", c.rootfs.read_only}};
  out["Config"] =
      json::object{{"Hostname", c.network.hostname},
                   {"User", c.process.user.empty() ? image.user : c.process.user},
                   {"Tty", c.process.tty},
                   {"OpenStdin", c.process.open_stdin},
                   {"Env", json::from(env)},
                   {"Cmd", json::from(c.process.command.empty() ? image.cmd : c.process.command)},
                   {"Entrypoint", json::from(c.process.entrypoint.value_or(image.entrypoint))},
                   {"Image", c.image},
                   {"WorkingDir", c.process.working_dir.empty() ? image.working_dir : c.process.working_dir},
                   {"Labels", json::from(c.lifecycle.labels)},
                   {"StopSignal", c.lifecycle.stop_signal.empty() ? image.stop_signal : c.lifecycle.stop_signal},
                   {"StopTimeout", c.lifecycle.stop_timeout}};
  out["NetworkSettings"] = network_json(c, s);
  out["Namespaces"] = s.init.pid != 0 ? namespaces_of(s.init.pid) : json::object{};
  out["Mounts"] = s.init.pid != 0 ? mounts_of(s.init.pid) : json::array{};
  return out;
}

json::object inspect(const instance& where, container_finder& finder, const std::string& word) {
  try {
    return inspect_container(where, finder.find(word));
  } catch (const error& e) {
    if (e.code() != errc::not_found) throw;
  }
  if (const auto tag = store::image_store(where).find(word)) return image_json(where, *tag);
  throw error(errc::not_found, "inspect", '"' + word + '"', "no container or image has that name or id");
}

}  // namespace

int cmd_inspect(const invocation& call) {
  flag_set app("Show everything known about containers or images, as a JSON array.", "inspect",
               "lxr inspect goCon | jq '.[0].NetworkSettings.IPAddress'");
  std::vector<std::string> words;
  app.add_argument("NAME", words, "Names or ids of containers or images", value_source::containers_and_images);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  container_finder finder(where);
  json::array out;
  bool missing = false;
  for (const std::string& word : words) {
    try {
      out.push_back(inspect(where, finder, word));
    } catch (const error&) {
      report_failure(std::current_exception());
      missing = true;
    }
  }
  print_json_pretty(out);
  return missing ? 1 : 0;
}

}  // namespace lxr::cli
