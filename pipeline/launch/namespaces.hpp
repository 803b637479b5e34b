// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/runtime_spec/types.hpp"

// The namespaces of a spec (config-linux.md, "Namespaces"). One with a path is joined, one without is made new.
namespace lxr::launch {

struct joined_namespace {
  oci::namespace_kind kind;
  unique_fd file;
  bool is_own = false;  // true: lxr itself is in this namespace
};
// The path of a namespace of a process, "/proc/7/ns/pid".
std::string namespace_path(pid_t pid, oci::namespace_kind kind);

// Opens the namespaces to join. Returns them in the order in which to join them: the user namespace last, because a
// process in it has no right any more to join namespaces of the host.
// Failure: throws errc::not_found for a missing file, errc::invalid_argument for one that is no namespace of the kind.
std::vector<joined_namespace> open_namespaces(const oci::linux_spec& spec);

// Checks that the spec changes no namespace that lxr itself is in.
// Failure: throws errc::invalid_argument naming the property:
//   - linux.namespaces: `joined` lacks one to join; or the mount namespace is lxr's own, or the user namespace, which
//     setns(2) refuses
//   - hostname: it is set, or domainname, and the UTS namespace is lxr's own
//   - linux.sysctl: it is set, and the network or IPC namespace is lxr's own
void check_joined(const oci::runtime_spec& spec, const std::vector<joined_namespace>& joined);

// The CLONE_NEW* flags of the new namespaces, by the call that makes them:
// - by_birth, clone3(2): the user namespace and, unless a user namespace is joined, the pid namespace;
// - by_unshare, unshare(2) in the child: all others. After the child has joined a user namespace, that owns what the
//   child makes.
std::uint64_t namespaces_by_birth(const oci::linux_spec& spec);
std::uint32_t namespaces_by_unshare(const oci::linux_spec& spec);
// Returns true when the first process joins a pid namespace, or makes one by unshare(2): only its children are then
// inside, so it forks (ops::fork_again).
[[nodiscard]] bool forks_into_pid_namespace(const oci::linux_spec& spec);
// Returns the CLONE_NEW* flags of all namespaces of the spec, new or joined: a further process joins them.
std::uint32_t namespaces_of(const oci::linux_spec& spec);
[[nodiscard]] bool has_new(const oci::linux_spec& spec, oci::namespace_kind kind);
[[nodiscard]] bool has_joined(const oci::linux_spec& spec, oci::namespace_kind kind);

// Writes uid_map and gid_map of process `pid`, which clone3(2) made in a new user namespace (user_namespaces(7)).
// Failure: throws lxr::error that shows the map that the kernel refused.
void write_id_maps(pid_t pid, const oci::linux_spec& spec);

// Returns the host's id of the container's root; 0, which it is, without mappings.
std::uint32_t id_of_root(const std::vector<oci::id_mapping>& mappings);

// Returns a user namespace with these maps and without a process, for mounts whose ids it says (io::mount::map_ids()).
// Failure: as write_id_maps().
unique_fd make_user_namespace(const std::vector<oci::id_mapping>& uids, const std::vector<oci::id_mapping>& gids);

// Returns what to write to /proc/self/timens_offsets for a new time namespace (time_namespaces(7)).
std::string time_offsets_text(const oci::linux_spec& spec);

}  // namespace lxr::launch
