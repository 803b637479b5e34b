#include "core/model/container_config.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"

namespace lxr {
namespace {

std::string config_path(const std::string& id) { return "containers/" + id + "/config.json"; }

}  // namespace

network_mode parse_network_mode(const std::string& word) {
  if (word == "bridge") return network_mode::bridge;
  if (word == "none") return network_mode::none;
  if (word == "host") return network_mode::host;
  throw error(errc::invalid_argument, "use network", '"' + word + '"', "there is no such network",
              "the networks are bridge, none and host");
}

std::string to_string(network_mode mode) {
  switch (mode) {
    case network_mode::bridge: return "bridge";
    case network_mode::none: return "none";
    case network_mode::host: return "host";
  }
  return "?";
}

void save(const instance& where, const container_config& c) {
  json::object o{{"id", c.id},
                 {"name", c.name},
                 {"image", c.image},
                 {"imageId", c.image_id},
                 {"created", c.created_ns},
                 {"command", json::from(c.command)},
                 {"env", json::from(c.env)},
                 {"user", c.user},
                 {"workingDir", c.working_dir},
                 {"hostname", c.hostname},
                 {"stopSignal", c.stop_signal},
                 {"labels", json::from(c.labels)},
                 {"tty", c.tty},
                 {"openStdin", c.open_stdin},
                 {"autoRemove", c.auto_remove},
                 {"readOnly", c.read_only},
                 {"volatile", c.is_volatile},
                 {"oomScoreAdj", c.oom_score_adj},
                 {"network", to_string(c.network)},
                 {"memory", c.memory},
                 {"cpus", c.cpus},
                 {"pidsLimit", c.pids_limit},
                 {"stopTimeout", c.stop_timeout}};
  if (c.entrypoint) o["entrypoint"] = json::from(*c.entrypoint);
  file::replace_at(where.root_fd(), config_path(c.id), json::dump(o));
}

container_config load_config(const instance& where, const std::string& id) {
  const auto text = file::read_at(where.root_fd(), config_path(id));
  if (!text) throw error(errc::not_found, "find container", '"' + short_id(id) + '"', "no container with that id exists");
  const json::object o = json::parse_record(*text, config_path(id));
  container_config c;
  c.id = id;
  c.name = json::get_string(o, "name");
  c.image = json::get_string(o, "image");
  c.image_id = json::get_string(o, "imageId");
  c.created_ns = json::get_int(o, "created");
  if (json::find_array(o, "entrypoint") != nullptr) c.entrypoint = json::get_strings(o, "entrypoint");
  c.command = json::get_strings(o, "command");
  c.env = json::get_strings(o, "env");
  c.user = json::get_string(o, "user");
  c.working_dir = json::get_string(o, "workingDir");
  c.hostname = json::get_string(o, "hostname");
  c.stop_signal = json::get_string(o, "stopSignal");
  c.labels = json::get_string_map(o, "labels");
  c.tty = json::get_bool(o, "tty");
  c.open_stdin = json::get_bool(o, "openStdin");
  c.auto_remove = json::get_bool(o, "autoRemove");
  c.read_only = json::get_bool(o, "readOnly");
  c.is_volatile = json::get_bool(o, "volatile");
  c.oom_score_adj = static_cast<int>(json::get_int(o, "oomScoreAdj"));
  c.network = parse_network_mode(json::get_string(o, "network", "bridge"));
  c.memory = json::get_int(o, "memory");
  c.cpus = json::get_double(o, "cpus");
  c.pids_limit = json::get_int(o, "pidsLimit", 2048);
  c.stop_timeout = static_cast<int>(json::get_int(o, "stopTimeout", 10));
  return c;
}

task<container_config> config_of(const instance& where, std::string id) {
  try {
    co_return load_config(where, id);
  } catch (const error& e) {
    if (e.code() != errc::not_found) throw;
  }
  const container_lock made = co_await lock_container(where, id);
  co_return load_config(where, id);
}

}  // namespace lxr
