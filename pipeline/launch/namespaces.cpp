// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/namespaces.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/oci/runtime_spec/words.hpp"
#include "io/process/child_process.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::launch {
namespace {

using oci::namespace_kind;

unique_fd open_namespace(const oci::namespace_spec& n) {
  auto file = file::try_open_at(AT_FDCWD, n.path, O_RDONLY);
  if (!file) throw error(errc::not_found, "join namespace", n.path, "no such file or directory");
  const int kind = ::ioctl(file->get(), NS_GET_NSTYPE);
  if (kind < 0 || static_cast<unsigned long>(kind) != oci::clone_flag(n.type)) {
    throw error(errc::invalid_argument, "join namespace", n.path,
                std::string("it is no namespace of kind ") + oci::to_word(n.type));
  }
  return std::move(*file);
}

// Returns the name of a namespace's file in /proc/PID/ns (namespaces(7)).
const char* proc_name(namespace_kind kind) {
  switch (kind) {
    case namespace_kind::mount:
      return "mnt";
    case namespace_kind::network:
      return "net";
    default:
      return oci::to_word(kind);
  }
}

bool is_own_namespace(int file, namespace_kind kind) {
  struct stat named{}, own{};
  return ::fstat(file, &named) == 0 && ::stat((std::string("/proc/self/ns/") + proc_name(kind)).c_str(), &own) == 0 &&
         named.st_dev == own.st_dev && named.st_ino == own.st_ino;
}

bool is_by_birth(const oci::linux_spec& spec, namespace_kind kind) {
  return kind == namespace_kind::user || (kind == namespace_kind::pid && !has_joined(spec, namespace_kind::user));
}

[[noreturn]] void refuse(const char* property, const char* why) {
  throw error(errc::invalid_argument, "use", property, why);
}

std::string map_text(const std::vector<oci::id_mapping>& mappings) {
  std::string out;
  for (const oci::id_mapping& m : mappings) {
    out += std::to_string(m.container_id) + " " + std::to_string(m.host_id) + " " + std::to_string(m.size) + "\n";
  }
  return out;
}

// A map takes exactly one write(2) (user_namespaces(7)).
void write_map(pid_t pid, const char* name, const std::vector<oci::id_mapping>& mappings) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name, text = map_text(mappings);
  const unique_fd fd = file::open_at(AT_FDCWD, path, O_WRONLY);
  if (::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  std::string shown = text;
  std::ranges::replace(shown, '\n', ';');
  throw_errno(std::string("write ") + name, shown);
}

}  // namespace

std::string namespace_path(pid_t pid, namespace_kind kind) {
  return "/proc/" + std::to_string(pid) + "/ns/" + proc_name(kind);
}

std::vector<joined_namespace> open_namespaces(const oci::linux_spec& spec) {
  std::vector<joined_namespace> out;
  for (const bool is_user : {false, true}) {
    for (const oci::namespace_spec& n : spec.namespaces) {
      if (n.path.empty() || (n.type == namespace_kind::user) != is_user) continue;
      unique_fd file = open_namespace(n);
      const bool is_own = is_own_namespace(file.get(), n.type);
      out.push_back({n.type, std::move(file), is_own});
    }
  }
  return out;
}

void check_joined(const oci::runtime_spec& spec, const std::vector<joined_namespace>& joined) {
  const auto named = std::ranges::count_if(spec.linux_part.namespaces, [](const auto& n) { return !n.path.empty(); });
  if (static_cast<std::size_t>(named) != joined.size()) refuse("linux.namespaces", "one to join was not opened");
  const bool has_sysctls = !spec.linux_part.sysctl.empty();
  for (const joined_namespace& j : joined) {
    if (!j.is_own) continue;
    if (j.kind == namespace_kind::mount) refuse("linux.namespaces", "the mounts would be the host's");
    if (j.kind == namespace_kind::user) refuse("linux.namespaces", "lxr is in this user namespace already");
    if (j.kind == namespace_kind::uts && !(spec.hostname.empty() && spec.domainname.empty()))
      refuse("hostname", "it would be the host's");
    if (has_sysctls && (j.kind == namespace_kind::network || j.kind == namespace_kind::ipc))
      refuse("linux.sysctl", "they would be the host's");
  }
}

std::uint64_t namespaces_by_birth(const oci::linux_spec& spec) {
  std::uint64_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) {
    if (n.path.empty() && is_by_birth(spec, n.type)) flags |= oci::clone_flag(n.type);
  }
  return flags;
}

std::uint32_t namespaces_by_unshare(const oci::linux_spec& spec) {
  std::uint32_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) {
    if (n.path.empty() && !is_by_birth(spec, n.type)) flags |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
  }
  return flags;
}

std::uint32_t namespaces_of(const oci::linux_spec& spec) {
  std::uint32_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) flags |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
  return flags;
}

bool forks_into_pid_namespace(const oci::linux_spec& spec) {
  return has_joined(spec, namespace_kind::pid) ||
         (has_new(spec, namespace_kind::pid) && has_joined(spec, namespace_kind::user));
}

bool has_new(const oci::linux_spec& spec, oci::namespace_kind kind) {
  const oci::namespace_spec* found = spec.find(kind);
  return found != nullptr && found->path.empty();
}

bool has_joined(const oci::linux_spec& spec, oci::namespace_kind kind) {
  const oci::namespace_spec* found = spec.find(kind);
  return found != nullptr && !found->path.empty();
}

void write_id_maps(pid_t pid, const oci::linux_spec& spec) {
  write_map(pid, "uid_map", spec.uid_mappings);
  write_map(pid, "gid_map", spec.gid_mappings);
}

std::uint32_t id_of_root(const std::vector<oci::id_mapping>& mappings) {
  const auto root = std::ranges::find(mappings, 0U, &oci::id_mapping::container_id);
  return root == mappings.end() ? 0 : root->host_id;
}

unique_fd make_user_namespace(const std::vector<oci::id_mapping>& uids, const std::vector<oci::id_mapping>& gids) {
  io::process::plan_builder plan;
  plan.add("user namespace", io::child::ops::receive{.which = io::child::barrier::ids, .first = -1, .count = 0});
  io::process::built_plan waits = plan.build();
  io::process::child_process::options how;
  how.namespaces = CLONE_NEWUSER;
  how.own_memory = true;
  const auto holder = io::process::child_process::spawn(waits, how);  // it ends with this variable
  oci::linux_spec maps;
  maps.uid_mappings = uids;
  maps.gid_mappings = gids;
  write_id_maps(holder.pid(), maps);
  return file::open_at(AT_FDCWD, namespace_path(holder.pid(), namespace_kind::user), O_RDONLY);
}

std::string time_offsets_text(const oci::linux_spec& spec) {
  std::string out;
  for (const auto& [clock, offset] : spec.time_offsets)
    out += clock + " " + std::to_string(offset.secs) + " " + std::to_string(offset.nanosecs) + "\n";
  return out;
}

}  // namespace lxr::launch
