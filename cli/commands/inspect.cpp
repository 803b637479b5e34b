// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

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
#include "pipeline/network/definitions.hpp"
#include "pipeline/network/membership.hpp"
#include "pipeline/spec/environment.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

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

// The mounts of the host and of volumes, as docker shows them.
json::array mounts_of(const instance& where, const container_config& c) {
  json::array out;
  for (const mount_request& m : c.storage.mounts) {
    if (m.kind == mount_kind::tmpfs) continue;
    const bool is_volume = m.kind == mount_kind::volume;
    const bool is_read_only = std::ranges::find(m.options, "ro") != m.options.end();
    json::object shown{
        {"Type", to_word(m.kind)}, {"Source", is_volume ? where.root() + "/" + volume_path(m.source) : m.source},
        {"Destination", m.target}, {"Mode", joined(m.options)},
        {"RW", !is_read_only},     {"Propagation", "rprivate"}};
    for (const std::string& option : m.options) {
      if (option.ends_with("shared") || option.ends_with("slave")) shown["Propagation"] = option;
    }
    if (is_volume) shown["Name"] = m.source;
    if (is_volume) shown["Driver"] = "local";
    out.push_back(std::move(shown));
  }
  return out;
}

// What the user asked for, as docker shows it: {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}; HostPort is "" for a
// free one.
json::object bindings_json(const std::vector<port_request>& ports) {
  json::object out;
  for (const port_request& r : ports) {
    for (unsigned inner = r.inner.first; inner <= r.inner.last; ++inner) {
      json::value& places = out[std::to_string(inner) + "/" + to_protocol_word(r.inner.protocol)];
      if (!places.is_array()) places = json::array();
      std::string host = r.first_host == 0 ? "" : std::to_string(r.first_host + (inner - r.inner.first));
      if (r.inner.first == r.inner.last && r.last_host > r.first_host) host += "-" + std::to_string(r.last_host);
      places.as_array().push_back(json::object{{"HostIp", r.address}, {"HostPort", host}});
    }
  }
  return out;
}

// "bridge", "none", "container:ID", or the name of the first network.
std::string network_mode_word(const network_options& n) {
  if (n.mode == network_mode::bridge && !n.networks.empty()) return n.networks.front().name;
  return to_word(n.mode) + (n.joined.empty() ? "" : ":" + n.joined);
}

// What the user asked for besides image and command, by docker's names.
json::object host_config(const container_config& c) {
  const resource_options& r = c.resources;
  const security_options& s = c.security;
  const auto word = [](const std::string& choice) { return choice.empty() ? std::string("private") : choice; };
  json::object tmpfs;
  for (const mount_request& m : c.storage.mounts) {
    if (m.kind == mount_kind::tmpfs) tmpfs[m.target] = joined(m.options);
  }
  json::array ulimits, devices;
  for (const process_limit& l : s.ulimits) ulimits.push_back({{"Name", l.name}, {"Soft", l.soft}, {"Hard", l.hard}});
  for (const device_request& d : c.storage.devices)
    devices.push_back({{"PathOnHost", d.host}, {"PathInContainer", d.target}, {"CgroupPermissions", d.access}});
  return {{"NetworkMode", network_mode_word(c.network)},
          {"PortBindings", bindings_json(c.network.ports)},
          {"PublishAllPorts", c.network.publish_all},
          {"Egress", c.network.egress ? json::value(json::from(*c.network.egress)) : json::value()},
          {"ExtraHosts", json::from(c.network.hosts)},
          {"Dns", json::from(c.network.dns)},
          {"DnsSearch", json::from(c.network.dns_search)},
          {"DnsOptions", json::from(c.network.dns_options)},
          {"Memory", r.memory},
          {"MemoryReservation", r.memory_reservation},
          {"MemorySwap", r.memory_swap != 0 ? r.memory_swap : 2 * r.memory},
          {"NanoCpus", static_cast<std::int64_t>(r.cpus * 1e9)},
          {"CpuShares", r.cpu_shares},
          {"CpuPeriod", r.cpu_period},
          {"CpuQuota", r.cpu_quota},
          {"CpusetCpus", r.cpuset_cpus},
          {"CpusetMems", r.cpuset_mems},
          {"BlkioWeight", r.blkio_weight},
          {"OomKillDisable", r.oom_kill_disable},
          {"PidsLimit", r.pids_limit},
          {"Ulimits", std::move(ulimits)},
          {"AutoRemove", c.lifecycle.auto_remove},
          {"ReadonlyRootfs", c.rootfs.read_only},
          {"Privileged", s.privileged},
          {"CapAdd", json::from(s.cap_add)},
          {"CapDrop", json::from(s.cap_drop)},
          {"GroupAdd", json::from(c.process.groups)},
          {"Sysctls", json::from(s.sysctl)},
          {"OomScoreAdj", c.process.oom_score_adj},
          {"PidMode", word(c.namespaces.pid)},
          {"IpcMode", word(c.namespaces.ipc)},
          {"UTSMode", word(c.namespaces.uts)},
          {"CgroupnsMode", word(c.namespaces.cgroup)},
          {"ShmSize", c.storage.shm_size != 0 ? c.storage.shm_size : std::int64_t{64} << 20},
          {"Tmpfs", std::move(tmpfs)},
          {"Devices", std::move(devices)},
          {"VolumesFrom", json::from(c.storage.volumes_from)}};
}

std::string format_or_never(std::int64_t ns) { return ns == 0 ? "0001-01-01T00:00:00Z" : format_time(ns); }

json::object state_json(const container_state& s) {
  const bool running = s.status == container_status::running;
  return {{"Status", s.is_paused ? "paused" : to_string(s.status)},
          {"Running", running},
          {"Paused", s.is_paused},
          {"OOMKilled", s.oom_killed},
          {"Pid", s.init.pid},
          {"MonitorPid", s.monitor.is_alive() ? s.monitor.pid : 0},
          {"ExitCode", s.exit_code.value_or(s.status == container_status::exited ? -1 : 0)},
          {"ExitCodeKnown", running || s.exit_code.has_value() || s.status == container_status::created},
          {"Error", s.failure},
          {"StartedAt", format_or_never(s.started_ns)},
          {"FinishedAt", format_or_never(s.finished_ns)}};
}

// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}, as docker shows ports; exposed ones that are not published
// have null.
json::object ports_json(const std::vector<published_port>& ports, const std::vector<std::string>& exposed) {
  json::object out;
  for (const std::string& word : exposed) out[word.find('/') == std::string::npos ? word + "/tcp" : word] = nullptr;
  for (const published_port& p : ports) {
    json::value& places = out[std::to_string(p.inner) + "/" + to_protocol_word(p.protocol)];
    if (!places.is_array()) places = json::array();
    for (const std::string& address : shown_addresses(p))
      places.as_array().push_back(json::object{{"HostIp", address}, {"HostPort", std::to_string(p.host)}});
  }
  return out;
}

// A container's place in a network, as docker shows it; without an address while it does not run.
json::object place_json(const instance& where, const container_config& c, const network_place& p) {
  const auto defined = network::read_definition(where, p.network);
  const bool has_names = defined && !defined->disable_dns;
  return {{"IPAddress", p.address},
          {"IPPrefixLen", p.prefix},
          {"Gateway", p.gateway},
          {"MacAddress", p.mac},
          {"Link", p.link},
          {"Aliases", json::from(network::aliases_in(c, p.network))},
          {"DNSNames", json::from(has_names ? network::names_in(c, p.network) : std::vector<std::string>())}};
}

json::object network_json(const instance& where, const container_config& c, const container_state& s,
                          const oci::image_config& image) {
  json::object networks;
  for (const network_place& p : s.networks) networks[p.network] = place_json(where, c, p);
  for (const network_request& n : c.network.networks) {
    if (networks.contains(n.name)) continue;
    network_place later;
    later.network = n.name;
    later.mac = n.mac;
    networks[n.name] = place_json(where, c, later);
  }
  if (networks.empty())
    networks[to_word(c.network.mode)] =
        json::object{{"IPAddress", ""}, {"IPPrefixLen", 0}, {"Gateway", ""}, {"MacAddress", ""}};
  const network_place first = s.networks.empty() ? network_place() : s.networks.front();
  std::vector<std::string> exposed = image.exposed_ports;
  exposed.insert(exposed.end(), c.network.exposed.begin(), c.network.exposed.end());
  return {{"IPAddress", first.address},     {"IPPrefixLen", first.prefix}, {"Gateway", first.gateway},
          {"MacAddress", first.mac},        {"Link", first.link},          {"Ports", ports_json(s.ports, exposed)},
          {"Networks", std::move(networks)}};
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
  out["HostConfig"] = host_config(c);
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
  out["NetworkSettings"] = network_json(where, c, s, image);
  out["Namespaces"] = s.init.pid != 0 ? namespaces_of(s.init.pid) : json::object{};
  out["Mounts"] = mounts_of(where, c);
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
  restore_names(where);
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
