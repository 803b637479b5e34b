// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/defaults.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

oci::mount_spec bind(std::string destination, std::string source, std::vector<std::string> options) {
  return {std::move(destination), "bind", std::move(source), std::move(options), {}, {}};
}

// What a privileged container may change.
void open_up(oci::mount_spec& m) {
  if (m.type == "sysfs" || m.type == "cgroup") std::ranges::replace(m.options, "ro", "rw");
}

// Shared memory of the host's ipc namespace is what its /dev/shm holds.
void share_ipc(oci::mount_spec& m) {
  if (m.destination == "/dev/shm") m = bind(m.destination, m.destination, {"rbind", "nosuid", "noexec", "nodev"});
}

// In a user namespace of its own a process may not mount what other namespaces of the host own (user_namespaces(7)): it
// gets the host's mounts. Message queues, which hosts seldom have mounted, it does not see.
void use_host(oci::runtime_spec& spec, const container_config& config) {
  if (config.namespaces.ipc == "host") std::erase_if(spec.mounts, [](const auto& m) { return m.type == "mqueue"; });
  for (oci::mount_spec& m : spec.mounts) {
    const bool is_of_host = (m.type == "sysfs" && config.network.mode == network_mode::host) ||
                            (m.type == "proc" && !config.namespaces.pid.empty());
    if (!is_of_host) continue;
    std::vector<std::string> options{"rbind", "nosuid", "nodev", "noexec"};
    if (m.type == "sysfs" && !config.security.privileged) options.emplace_back("rro");
    m = bind(m.destination, m.destination, std::move(options));
  }
}

void set_shm_size(oci::mount_spec& m, std::int64_t bytes) {
  if (m.destination != "/dev/shm") return;
  std::erase_if(m.options, [](const std::string& o) { return o.starts_with("size="); });
  m.options.push_back("size=" + std::to_string(bytes));
}

// /proc shows what the kernel says of the container, and lxr relies on that (CVE-2019-19921): nothing is mounted over
// it but files that imitate some of its own, as lxcfs does.
void check_target(const std::string& target) {
  static const std::set<std::string> imitated{"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
                                              "/proc/stat",    "/proc/swaps",     "/proc/uptime",
                                              "/proc/loadavg", "/proc/slabinfo",  "/proc/net/dev"};
  if ((target == "/proc" || target.starts_with("/proc/")) && !imitated.contains(target))
    throw error(errc::invalid_argument, "mount", target, "nothing can be mounted inside /proc", "name another target");
}

oci::mount_spec mount_of(const mount_request& r, bool has_user) {
  if (r.kind == mount_kind::tmpfs) {
    std::vector<std::string> options{"nosuid", "nodev", "noexec"};
    options.insert(options.end(), r.options.begin(), r.options.end());
    return {r.target, "tmpfs", "tmpfs", std::move(options), {}, {}};
  }
  std::vector<std::string> options{"rbind", "rprivate"};
  if (r.kind == mount_kind::volume) options.emplace_back("nodev");              // an image may bring nodes into it
  if (r.kind == mount_kind::volume && has_user) options.emplace_back("idmap");  // its files have the ids of an image
  if (std::ranges::find(r.options, "bind") != r.options.end()) options.erase(options.begin());
  options.insert(options.end(), r.options.begin(), r.options.end());
  return bind(r.target, r.kind == mount_kind::volume ? volume_path(r.source) : r.source, std::move(options));
}

// In the order of their depth, so that no mount hides one that is inside it.
void add_requests(oci::runtime_spec& spec, const std::vector<mount_request>& requests, bool has_user) {
  std::map<std::ptrdiff_t, std::vector<oci::mount_spec>> by_depth;  // key: how many slashes
  for (const mount_request& r : requests) {
    check_target(r.target);
    std::erase_if(spec.mounts, [&r](const oci::mount_spec& m) { return m.destination == r.target; });
    by_depth[std::ranges::count(r.target, '/')].push_back(mount_of(r, has_user));
  }
  for (const auto& [depth, mounts] : by_depth) spec.mounts.insert(spec.mounts.end(), mounts.begin(), mounts.end());
}

// Where a container with a read-only root may write.
void add_places_to_write(std::vector<mount_request>& requests) {
  for (const char* place : {"/run", "/tmp", "/var/tmp"}) {
    if (std::ranges::find(requests, place, &mount_request::target) == requests.end())
      requests.push_back({mount_kind::tmpfs, "", place, {"exec"}, false, false});
  }
}

}  // namespace

void add_image_volumes(storage_options& options, const std::vector<std::string>& volumes) {
  if (options.image_volumes == "ignore") return;
  const bool in_memory = options.image_volumes == "tmpfs";
  for (const std::string& path : volumes) {
    std::string target = std::filesystem::path("/" + path).lexically_normal().string();
    while (target.size() > 1 && target.ends_with('/')) target.pop_back();
    const bool is_taken =
        std::ranges::any_of(options.mounts, [&](const mount_request& m) { return m.target == target; });
    if (target == "/" || target.starts_with("//") || is_taken) continue;
    if (in_memory) {
      options.mounts.push_back({mount_kind::tmpfs, "", target, {"exec"}, false, false});
    } else {
      options.mounts.push_back({mount_kind::volume, "", target, {}, true, false});
    }
  }
}

void add_mounts(oci::runtime_spec& spec, const container_config& config) {
  spec.root.path = "rootfs";
  spec.root.readonly = config.rootfs.read_only;
  spec.mounts = oci::default_mounts();
  if (config.security.privileged) std::ranges::for_each(spec.mounts, open_up);
  if (!config.namespaces.ipc.empty() && config.namespaces.ipc != "none")
    std::ranges::for_each(spec.mounts, share_ipc);  // of another container: start() replaces the source
  if (config.namespaces.ipc == "none")
    std::erase_if(spec.mounts, [](const auto& m) { return m.destination == "/dev/shm"; });
  if (config.namespaces.has_user()) use_host(spec, config);
  if (config.storage.shm_size > 0) {
    for (oci::mount_spec& m : spec.mounts) set_shm_size(m, config.storage.shm_size);
  }
  std::vector<mount_request> requests = config.storage.mounts;
  if (config.rootfs.read_only && config.rootfs.read_only_tmpfs) add_places_to_write(requests);
  add_requests(spec, requests, config.namespaces.has_user());
}

}  // namespace lxr::spec
