// SPDX-License-Identifier: Apache-2.0
#include "core/model/container_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json_fields.hpp"
#include "core/base/record.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/network_record.hpp"

namespace lxr {

template <class Format, json::same_struct<network_place> T>
void describe(Format& f, T& v) {
  f("network", v.network);
  f("directory", v.directory);
  f("address", v.address);
  f("prefix", v.prefix);
  f("gateway", v.gateway);
  f("mac", v.mac);
  f("link", v.link);
}

template <class Format, json::same_struct<egress_state> T>
void describe(Format& f, T& v) {
  f.always("allowed", v.allowed);
}

namespace {

std::string record_path(const std::string& id) { return "containers/" + id + "/state.json"; }
std::string waiting_mark(const std::string& id) { return "containers/" + id + "/waiting"; }

bool exists(int dir, const std::string& path) { return ::faccessat(dir, path.c_str(), F_OK, 0) == 0; }

container_status parse_status(const std::string& word) {
  if (word == "starting") return container_status::starting;
  if (word == "running") return container_status::running;
  if (word == "exited") return container_status::exited;
  return container_status::created;
}

json::object to_json(const container_state& s) {
  json::object o{{"status", to_string(s.status)},
                 {"init", lxr::to_json(s.init)},
                 {"monitor", lxr::to_json(s.monitor)},
                 {"started", s.started_ns},
                 {"finished", s.finished_ns},
                 {"oomKilled", s.oom_killed},
                 {"paused", s.is_paused},
                 {"failure", s.failure},
                 {"name", s.name},
                 {"image", s.image},
                 {"command", s.command},
                 {"created", s.created_ns}};
  if (s.exit_code) o["exitCode"] = *s.exit_code;
  if (!s.networks.empty()) o["networks"] = json::from_structs(s.networks);
  if (!s.ports.empty()) o["ports"] = json::from_structs(s.ports);
  if (s.egress) o["egress"] = json::write_fields(*s.egress);
  if (s.hosts_hash != 0) o["hostsHash"] = s.hosts_hash;
  if (s.resolv_conf_hash != 0) o["resolvConfHash"] = s.resolv_conf_hash;
  if (s.id_range != 0) o["idRange"] = s.id_range;
  if (!s.cgroup_trees.empty()) o["cgroupTrees"] = json::from(s.cgroup_trees);
  return o;
}

struct network_parts {
  std::vector<network_place> networks;
  std::vector<published_port> ports;
  std::optional<egress_state> egress;
  std::uint64_t hosts_hash = 0, resolv_conf_hash = 0;
};

template <class Format, json::same_struct<network_parts> T>
void describe(Format& f, T& v) {
  f("networks", v.networks);
  f("ports", v.ports);
  f("egress", v.egress);
  f("hostsHash", v.hosts_hash);
  f("resolvConfHash", v.resolv_conf_hash);
}

// An lxr that knew one network wrote the place in it as members of the record.
void add_former_place(const json::object& o, container_state& s) {
  network_place p;
  p.address = json::get_string(o, "address");
  if (!s.networks.empty() || p.address.empty()) return;
  p.network = default_network;
  p.directory = std::string("networks/") + default_network;
  p.prefix = static_cast<int>(json::get_int(o, "prefix"));
  p.gateway = json::get_string(o, "gateway");
  p.link = json::get_string(o, "link");
  p.mac = json::get_string(o, "mac");
  s.networks.push_back(std::move(p));
}

container_state parse_state(const std::string& text, const std::string& document) {
  const json::object o = record::read(text, document);
  container_state s;
  s.status = parse_status(json::get_string(o, "status"));
  s.init = get_process(o, "init");
  s.monitor = get_process(o, "monitor");
  s.started_ns = json::get_int(o, "started");
  s.finished_ns = json::get_int(o, "finished");
  if (o.if_contains("exitCode") != nullptr) s.exit_code = static_cast<int>(json::get_int(o, "exitCode"));
  s.oom_killed = json::get_bool(o, "oomKilled");
  s.is_paused = json::get_bool(o, "paused");
  s.failure = json::get_string(o, "failure");
  auto parts = json::read_fields<network_parts>(o, document);
  s.networks = std::move(parts.networks);
  s.ports = std::move(parts.ports);
  s.egress = std::move(parts.egress);
  s.hosts_hash = parts.hosts_hash;
  s.resolv_conf_hash = parts.resolv_conf_hash;
  add_former_place(o, s);
  s.id_range = static_cast<std::uint32_t>(json::get_int(o, "idRange"));
  s.name = json::get_string(o, "name");
  s.image = json::get_string(o, "image");
  s.command = json::get_string(o, "command");
  s.created_ns = json::get_int(o, "created");
  s.cgroup_trees = json::get_strings(o, "cgroupTrees");
  return s;
}

// Returns the state of a container without a record. Either its maker is at work or has died, or it ran when the host
// went down.
container_state derived(const instance& where, const std::string& id) {
  container_state s;
  s.monitor = maker_of(where, id);
  if (s.monitor.pid != 0) {
    s.status = container_status::starting;
    return s;
  }
  // The first start makes upper/ (pipeline/rootfs/writable_layer.hpp).
  const bool started =
      exists(where.root_fd(), "containers/" + id + "/upper") && !exists(where.root_fd(), waiting_mark(id));
  s.status = started ? container_status::exited : container_status::created;
  return s;
}

// Corrects a record `starting` whose monitor is dead: the start failed, unless the monitor died just after it had let
// the first process go on.
void end_start(container_state& s, bool alive) {
  if (alive && s.init.pid != 0) {
    s.status = container_status::running;
    if (s.started_ns == 0) s.started_ns = s.created_ns;
  } else {
    s.status = s.started_ns != 0 ? container_status::exited : container_status::created;
  }
}

container_state corrected(container_state s, bool alive) {
  const bool watched = s.monitor.pid != 0 && (s.status == container_status::starting || !alive) && s.monitor.is_alive();
  if (s.status == container_status::starting && !watched) end_start(s, alive);
  if (s.init.pid != 0 && !alive) {
    s.ending = watched && s.status != container_status::starting;
    if (s.status == container_status::running) s.status = container_status::exited;
    s.init = {};
    s.is_paused = false;
    s.networks.clear();  // still reserved: release_kernel_objects() frees them by the raw state
    s.ports.clear();
    s.egress.reset();
  }
  return s;
}

}  // namespace

std::string to_string(container_status status) {
  switch (status) {
    case container_status::created:
      return "created";
    case container_status::starting:
      return "starting";
    case container_status::running:
      return "running";
    case container_status::exited:
      return "exited";
  }
  return "?";
}

void save(const instance& where, const std::string& id, const container_state& s) {
  file::replace_at(where.state_fd(), record_path(id), record::text_of(to_json(s)));
}

void save_ended(const instance& where, const std::string& id, const container_state& s) {
  const std::string text = record::text_of(to_json(s));
  try {
    file::replace_at(where.root_fd(), record_path(id), text);
  } catch (const error&) {                                      // the disk is full
    file::replace_at(where.state_fd(), record_path(id), text);  // the disk is full
    return;
  }
  ::unlinkat(where.state_fd(), record_path(id).c_str(), 0);
}

// Reads the record: the state directory, then the root directory, then the state directory again. A start writes its
// own record into the state directory before it removes the ended one from the root directory, so the third look finds
// it.
container_state load_raw_state(const instance& where, const std::string& id) {
  for (const int dir : {where.state_fd(), where.root_fd(), where.state_fd()}) {
    if (const auto text = file::read_at(dir, record_path(id))) return parse_state(*text, record_path(id));
  }
  return derived(where, id);
}

container_state corrected(container_state raw) {
  const bool alive = raw.init.is_alive();
  return corrected(std::move(raw), alive);
}

namespace {

// Loads and judges a record. When the judgement is that no recorded process lives, the last monitor may have replaced
// the record since we read it: reads again, up to 3 times, until the record names the same first process.
template <class Judge>
container_state judge_fresh(const instance& where, const std::string& id, Judge judge) {
  container_state raw = load_raw_state(where, id);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const process_identity init = raw.init;
    container_state seen = judge(raw);
    if (init.pid == 0 || seen.init.pid != 0 || seen.ending) return seen;
    container_state again = load_raw_state(where, id);
    if (again.init == init) return seen;
    raw = std::move(again);
  }
  return judge(std::move(raw));
}

}  // namespace

container_state load_state(const instance& where, const std::string& id) {
  return judge_fresh(where, id, [](container_state raw) { return corrected(std::move(raw)); });
}

container_state state_reader::load(const std::string& id) {
  return judge_fresh(where_, id, [this](container_state raw) {
    const bool alive = is_alive(raw);
    return corrected(std::move(raw), alive);
  });
}

bool state_reader::is_alive(const container_state& state) {
  if (state.init.pid == 0) return false;
  const auto [known, fresh] = monitors_.try_emplace({state.monitor.pid, state.monitor.start_time}, false);
  if (fresh) known->second = state.monitor.is_alive();
  return known->second ? ::kill(state.init.pid, 0) == 0 : state.init.is_alive();
}

void mark_waiting(const instance& where, const std::string& id) {
  file::open_at(where.root_fd(), waiting_mark(id), O_WRONLY | O_CREAT);
}

void mark_running(const instance& where, const std::string& id) {
  container_state s = load_raw_state(where, id);
  if (s.status != container_status::created && s.status != container_status::starting) return;
  s.status = container_status::running;
  s.started_ns = unix_time_ns();
  save(where, id, s);
  ::unlinkat(where.root_fd(), waiting_mark(id).c_str(), 0);
}

bool lives(const instance& where, const std::string& id) {
  try {
    return !load_state(where, id).is_idle();
  } catch (const error& e) {
    return e.code() != errc::not_found;  // a record that cannot be read is no sign of death
  }
}

}  // namespace lxr
