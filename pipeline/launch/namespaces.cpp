// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/namespaces.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/oci/runtime_spec/words.hpp"

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

constexpr bool is_by_birth(namespace_kind kind) { return kind == namespace_kind::user || kind == namespace_kind::pid; }

std::string map_text(const std::vector<oci::id_mapping>& mappings) {
  std::string out;
  for (const oci::id_mapping& m : mappings) {
    out += std::to_string(m.container_id) + " " + std::to_string(m.host_id) + " " + std::to_string(m.size) + "\n";
  }
  return out;
}

// The kernel takes a map in one write.
void write_map(pid_t pid, const char* name, const std::vector<oci::id_mapping>& mappings) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name, text = map_text(mappings);
  const unique_fd fd = file::open_at(AT_FDCWD, path, O_WRONLY);
  if (::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  std::string shown = text;
  std::ranges::replace(shown, '\n', ';');
  throw_errno(std::string("write ") + name, shown);
}

}  // namespace

std::vector<joined_namespace> open_namespaces(const oci::linux_spec& spec) {
  std::vector<joined_namespace> out;
  for (const bool is_user : {false, true}) {
    for (const oci::namespace_spec& n : spec.namespaces) {
      if (!n.path.empty() && (n.type == namespace_kind::user) == is_user) out.push_back({n.type, open_namespace(n)});
    }
  }
  return out;
}

std::uint64_t namespaces_by_birth(const oci::linux_spec& spec) {
  std::uint64_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) {
    if (n.path.empty() && is_by_birth(n.type)) flags |= oci::clone_flag(n.type);
  }
  return flags;
}

std::uint32_t namespaces_by_unshare(const oci::linux_spec& spec) {
  std::uint32_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) {
    if (n.path.empty() && !is_by_birth(n.type)) flags |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
  }
  return flags;
}

std::uint32_t namespaces_of(const oci::linux_spec& spec) {
  std::uint32_t flags = 0;
  for (const oci::namespace_spec& n : spec.namespaces) flags |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
  return flags;
}

bool has_new(const oci::linux_spec& spec, oci::namespace_kind kind) {
  const oci::namespace_spec* found = spec.find(kind);
  return found != nullptr && found->path.empty();
}

void write_id_maps(pid_t pid, const oci::linux_spec& spec) {
  write_map(pid, "uid_map", spec.uid_mappings);
  write_map(pid, "gid_map", spec.gid_mappings);
}

std::string time_offsets_text(const oci::linux_spec& spec) {
  std::string out;
  for (const auto& [clock, offset] : spec.time_offsets)
    out += clock + " " + std::to_string(offset.secs) + " " + std::to_string(offset.nanosecs) + "\n";
  return out;
}

}  // namespace lxr::launch
