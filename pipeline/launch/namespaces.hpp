// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/runtime_spec/types.hpp"

// The namespaces of a spec (config-linux.md, "Namespaces"): new ones, and ones to join by path.
namespace lxr::launch {

struct joined_namespace {
  oci::namespace_kind kind;
  unique_fd file;
  bool is_own = false;  // lxr itself is in it: most likely the host's
};
// The path of a namespace of a process, "/proc/7/ns/pid".
std::string namespace_path(pid_t pid, oci::namespace_kind kind);

// Opens the namespaces that the spec names by path, in the order in which they are to be joined: the user namespace
// last, because it takes away the right to join those of the host.
// Throws errc::not_found for a missing one, errc::invalid_argument for a file that is no namespace of that kind.
std::vector<joined_namespace> open_namespaces(const oci::linux_spec& spec);

// Refuses what would change a namespace that lxr itself is in: its mounts, names or sysctls, and joining its user
// namespace, which the kernel refuses.
// Throws errc::invalid_argument naming the property.
void check_joined(const oci::runtime_spec& spec, const std::vector<joined_namespace>& joined);

// CLONE_NEW* flags of the new namespaces, by how they come about: a process is born in a new user or pid namespace
// (clone3(2)), and makes the others itself (unshare(2)). Behind a joined user namespace the pid namespace is one of
// these others, so that it belongs to that; unshare(2) puts only children into it.
std::uint64_t namespaces_by_birth(const oci::linux_spec& spec);
std::uint32_t namespaces_by_unshare(const oci::linux_spec& spec);
// Whether the first process has to fork to get into its pid namespace: one that it joined, or made itself.
[[nodiscard]] bool forks_into_pid_namespace(const oci::linux_spec& spec);
// All that the container has of its own or has joined: where a further process of it belongs.
std::uint32_t namespaces_of(const oci::linux_spec& spec);
[[nodiscard]] bool has_new(const oci::linux_spec& spec, oci::namespace_kind kind);
[[nodiscard]] bool has_joined(const oci::linux_spec& spec, oci::namespace_kind kind);

// Writes uid_map and gid_map of a process that was born in a new user namespace (user_namespaces(7)).
// Throws lxr::error naming the mapping that the kernel refuses.
void write_id_maps(pid_t pid, const oci::linux_spec& spec);

// The content of /proc/self/timens_offsets for a new time namespace (time_namespaces(7)).
std::string time_offsets_text(const oci::linux_spec& spec);

}  // namespace lxr::launch
