// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/mount_plan.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/error.hpp"
#include "io/mount/bind.hpp"
#include "pipeline/launch/mount_options.hpp"
#include "pipeline/launch/namespaces.hpp"

namespace lxr::launch {
namespace {

namespace ops = io::child::ops;
using io::child::slot;

struct device_node {
  const char* name;
  unsigned major, minor;
};
// config-linux.md, "Default Devices".
constexpr device_node default_devices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                                           {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
constexpr std::pair<const char*, const char*> device_links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},         {"core", "/proc/kcore"}};

// Returns a destination as a path below the root: "/a/../b/" gives "b".
std::string below_root(const std::string& destination) {
  const std::string normal = std::filesystem::path("/" + destination).lexically_normal().relative_path().string();
  return normal.ends_with('/') ? normal.substr(0, normal.size() - 1) : normal;
}

// An image must not redirect mounts at these directories by symbolic links (CVE-2019-16884, CVE-2019-19921).
bool is_sensitive(const std::string& path) {
  for (const std::string top : {"proc", "sys", "dev"}) {
    if (path == top || path.starts_with(top + "/")) return true;
  }
  return false;
}

oci::mount_spec filesystem(std::string type, std::string destination, std::vector<std::string> options) {
  return {std::move(destination), std::move(type), {}, std::move(options), {}, {}};
}

// Ids that the mount names itself are mapped at once, those of the container once it has its user namespace.
void map_source(bind_source& source, const oci::mount_spec& m, const mount_options& o, bool has_user) {
  if (m.uid_mappings.empty() && m.gid_mappings.empty()) {
    if (!has_user)
      throw error(errc::invalid_argument, "mount", m.destination, "its ids cannot be mapped without a user namespace",
                  "give uidMappings and gidMappings");
    source.maps_ids = true;
    source.maps_ids_below = o.maps_ids_below;
    return;
  }
  const unique_fd users = make_user_namespace(m.uid_mappings, m.gid_mappings);
  io::mount::map_ids(source.mount.get(), m.source, users.get(), o.maps_ids_below);
}

std::uint32_t attributes_of(const mount_options& o) { return static_cast<std::uint32_t>(o.set | o.recursive_set); }

}  // namespace

std::vector<bind_source> clone_bind_sources(const oci::runtime_spec& spec, int base, std::vector<given_mount> given) {
  std::vector<bind_source> out;
  for (const oci::mount_spec& m : spec.mounts) {
    const mount_options o = read_mount_options(m);
    const auto known = std::ranges::find(given, m.destination, &given_mount::destination);
    if (o.is_copied && known == given.end())
      throw error(errc::unsupported, "mount", m.destination, "lxr does not do tmpcopyup here yet");
    if (!o.is_bind && !o.is_copied) continue;
    bind_source source{known != given.end() ? std::move(known->mount)
                                            : io::mount::clone_mount(base, m.source, o.is_recursive)};
    io::mount::set_attributes(source.mount.get(), m.source, {o.recursive_set, o.recursive_clear, 0, true});
    io::mount::set_attributes(source.mount.get(), m.source, {o.set, o.clear, 0, false});
    // Private, unless the spec says otherwise: the copy of a shared mount is its peer, and what the container mounts in
    // it would appear on the host (mount_namespaces(7)).
    const bool is_said = o.propagation != 0;
    io::mount::set_attributes(source.mount.get(), m.source,
                              {0, 0, is_said ? o.propagation : ms_private, is_said ? o.recursive_propagation : true});
    struct stat st{};
    source.is_file = ::fstat(source.mount.get(), &st) == 0 && !S_ISDIR(st.st_mode);
    if (o.maps_ids) map_source(source, m, o, spec.linux_part.has(oci::namespace_kind::user));
    out.push_back(std::move(source));
  }
  return out;
}

void map_binds(const std::vector<bind_source>& binds, int users) {
  for (const bind_source& b : binds) {
    if (b.maps_ids) io::mount::map_ids(b.mount.get(), "a source of a mount", users, b.maps_ids_below);
  }
}

void mount_plan::make_filesystems(const cgroup_view& cgroups) {
  for (const oci::mount_spec& m : spec_.mounts) make_mount(m, cgroups);
  if (!spec_.linux_part.masked_paths.empty()) {
    empty_ =
        make_filesystem(filesystem("tmpfs", "masks", {"ro", "nosuid", "nodev", "noexec", "size=4k", "nr_inodes=2"}));
    null_ = plan_.slot();  // the host's: what an image has at /dev/null may be another file
    plan_.add("/dev/null",
              ops::clone_mount{
                  .to = null_, .path = plan_.text("/dev/null"), .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
  }
  populate_dev();
  if (spec_.linux_part.has(oci::namespace_kind::user)) {
    for (const oci::device& d : spec_.linux_part.devices) bind_device(below_root(d.path), d.path);
  }
  write_sysctls();
}

void mount_plan::make_mount(const oci::mount_spec& m, const cgroup_view& cgroups) {
  if (m.type == "cgroup" || m.type == "cgroup2") return make_cgroups(m, cgroups);
  const std::string path = below_root(m.destination);
  const mount_options o = read_mount_options(m);
  if (o.is_bind || o.is_copied) {
    const bind_source& source = binds_.at(next_bind_++);
    entries_.push_back({path, plan_.slot(source.mount.get()), source.is_file, o.is_bind});
    return;
  }
  const slot made = make_filesystem(m);
  const auto names_mode = [](const std::string& option) { return option.starts_with("mode="); };
  entries_.push_back({path, made, false, false, m.type == "tmpfs" && std::ranges::none_of(m.options, names_mode)});
  if (m.type == "proc" && path == "proc") proc_ = made;
  if (m.type == "tmpfs" && path == "dev") dev_ = made;
  if (m.type == "devpts" && path == "dev/pts") devpts_ = made;
}

// On v1 the mount is, as docker has it, a tmpfs with a directory for each tree. The container's group of the tree is
// mounted there.
void mount_plan::make_cgroups(const oci::mount_spec& at, const cgroup_view& cgroups) {
  const std::string path = below_root(at.destination);
  if (cgroups.unified) {
    entries_.push_back({path, make_filesystem(filesystem("cgroup2", at.destination, at.options)), false});
    return;
  }
  if (cgroups.trees.empty()) return;
  cgroup_root_ =
      make_filesystem(filesystem("tmpfs", at.destination, {"nosuid", "nodev", "noexec", "mode=755", "size=4k"}));
  entries_.push_back({path, cgroup_root_, false});
  cgroup_root_readonly_ = (read_mount_options(at).set & MOUNT_ATTR_RDONLY) != 0;
  for (std::size_t i = 0; i < cgroups.trees.size(); ++i) {
    const std::string& group = cgroups.directories.at(i);
    const slot copy = plan_.slot();
    plan_.add(group, ops::clone_mount{
                         .to = copy, .path = plan_.text(group), .attributes = attributes_of(read_mount_options(at))});
    entries_.push_back({path + "/" + cgroups.trees[i], copy, false});
  }
}

slot mount_plan::make_filesystem(const oci::mount_spec& m) {
  const mount_options o = read_mount_options(m);
  if (o.propagation != 0 && o.propagation != ms_private)  // a new mount is private
    throw error(errc::unsupported, "mount", m.destination, "lxr sets the propagation of bind mounts only");
  std::vector<std::string> words = o.of_filesystem;
  words.push_back("source=" + (m.source.empty() ? m.type : m.source));
  const slot to = plan_.slot();
  plan_.add(m.type + " for " + m.destination,
            ops::make_filesystem{.to = to,
                                 .type = plan_.text(m.type),
                                 .options = plan_.bytes(io::process::filesystem_options(words)),
                                 .attributes = attributes_of(o)});
  return to;
}

void mount_plan::populate_dev() {
  if (dev_ < 0) return;
  const bool may_make_nodes = !spec_.linux_part.has(oci::namespace_kind::user);
  for (const device_node& d : default_devices) {
    if (!may_make_nodes) {
      bind_device(std::string("dev/") + d.name, std::string("/dev/") + d.name);
      continue;
    }
    plan_.add(std::string("/dev/") + d.name, ops::make_node{.directory = dev_,
                                                            .path = plan_.text(d.name),
                                                            .mode = S_IFCHR | 0666,
                                                            .device_major = d.major,
                                                            .device_minor = d.minor});
  }
  std::set<std::string> places;
  for (const entry& e : entries_) {  // directories for the mounts directly below /dev
    const std::string name = e.path.substr(e.path.find('/') + 1);
    if (e.path != "dev/" + name || name.find('/') != std::string::npos || e.is_file || !places.insert(name).second)
      continue;
    plan_.add("/" + e.path, ops::make_directory{.directory = dev_, .path = plan_.text(name)});
  }
  for (const auto& [name, target] : device_links) {
    plan_.add(std::string("/dev/") + name,
              ops::make_link{.directory = dev_, .path = plan_.text(name), .target = plan_.text(target)});
  }
}

// In a user namespace mknod(2) of a device is refused, so the host's device is mounted at the path.
void mount_plan::bind_device(const std::string& path, const std::string& host_path) {
  const slot copy = plan_.slot();
  plan_.add(
      "/" + path,
      ops::clone_mount{.to = copy, .path = plan_.text(host_path), .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
  entries_.push_back({path, copy, true});
}

bool mount_plan::lies_in_bind(const std::string& path) const {
  bool in_bind = false;
  for (const entry& e : entries_) {  // the last mount above the path covers the others
    if (path.starts_with(e.path + "/")) in_bind = e.is_bind;
  }
  return in_bind;
}

// Comes after all mounts, because a device of the spec may lie in any of them.
void mount_plan::add_devices(slot root) {
  if (spec_.linux_part.has(oci::namespace_kind::user)) return;  // bind_device() has mounted them
  const bool is_bare = std::ranges::find(entries_, "dev", &entry::path) == entries_.end();
  for (const device_node& d : default_devices) {
    if (!is_bare) break;  // populate_dev() has made them, or the source of a bind mount at /dev has them
    plan_.add(std::string("/dev/") + d.name, ops::make_device{.root = root,
                                                              .path = plan_.text(std::string("dev/") + d.name),
                                                              .mode = S_IFCHR | 0666,
                                                              .device_major = d.major,
                                                              .device_minor = d.minor,
                                                              .uid = 0,
                                                              .gid = 0});
  }
  for (const oci::device& d : spec_.linux_part.devices) {
    if (lies_in_bind(below_root(d.path))) continue;  // the device would appear on the host
    const std::uint32_t kind = d.type == "b" ? S_IFBLK : d.type == "p" ? S_IFIFO : S_IFCHR;
    plan_.add(d.path, ops::make_device{.root = root,
                                       .path = plan_.text(below_root(d.path)),
                                       .mode = kind | (d.file_mode.value_or(0666) & 07777),
                                       .device_major = static_cast<std::uint32_t>(d.major),
                                       .device_minor = static_cast<std::uint32_t>(d.minor),
                                       .uid = d.uid.value_or(0),
                                       .gid = d.gid.value_or(0)});
  }
}

// Writes them through a procfs that is still detached: no mount of the container can cover its files.
void mount_plan::write_sysctls() {
  if (spec_.linux_part.sysctl.empty()) return;
  const slot proc = proc_ >= 0 ? proc_ : make_filesystem(filesystem("proc", "sysctls", {"nosuid", "nodev", "noexec"}));
  for (const auto& [name, value] : spec_.linux_part.sysctl) {
    std::string path = name;
    if (path.find('/') == std::string::npos) std::ranges::replace(path, '.', '/');
    plan_.add("sysctl " + name,
              ops::write_file{.directory = proc, .path = plan_.text("sys/" + path), .content = plan_.bytes(value)});
  }
}

void mount_plan::attach_all(slot root) {
  for (const entry& e : entries_) {
    plan_.add("/" + e.path, ops::attach{.mount = e.mount,
                                        .root = root,
                                        .dev = dev_,
                                        .path = plan_.text(e.path),
                                        .is_file = e.is_file,
                                        .no_links = is_sensitive(e.path),
                                        .takes_mode = e.takes_mode});
  }
  if (cgroup_root_readonly_) plan_.add("cgroups", ops::set_readonly{.mount = cgroup_root_});
  add_devices(root);
  for (const std::string& path : spec_.linux_part.readonly_paths) {
    plan_.add(path, ops::make_readonly{.root = root, .path = plan_.text(below_root(path))});
  }
  for (const std::string& path : spec_.linux_part.masked_paths) {
    plan_.add(path, ops::mask{.root = root, .null = null_, .empty = empty_, .path = plan_.text(below_root(path))});
  }
}

}  // namespace lxr::launch
