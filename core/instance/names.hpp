// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/instance/paths.hpp"

namespace lxr {

// A container id is 64 hex digits, of which users see the first 12. Those 12 are never all decimal: as a host name they
// would be taken for an IPv4 address (inet_aton(3)).
// A container name is [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 128 characters, and unique in an instance.
inline constexpr std::size_t short_id_size = 12;
std::string new_container_id();
std::string short_id(std::string_view id);

// Whether the text has the form of a name, also of a volume or a network.
bool is_name(std::string_view text);
// Throws errc::invalid_argument for a name of another form.
void check_name(std::string_view name);

// Reserves `name` for `id`, atomically and without a lock: creates the symbolic link state/names/<name> -> <id>. A name
// whose container is gone is taken over.
// Failure: throws errc::already_exists naming the container that has the name, errc::conflict after 16 lost races.
void reserve_name(const instance& where, const std::string& name, const std::string& id);
// Reserves a free name of the form "adjective_surname" for `id`; adds digits after four names that were in use.
std::string reserve_generated_name(const instance& where, const std::string& id);
// Frees all names whose containers are gone.
void release_stale_names(const instance& where);
// Frees the name if it is reserved for `id`.
void release_name(const instance& where, const std::string& name, const std::string& id) noexcept;

// Resolves what a user typed to a container id: first as an exact name, then as a full id or an unambiguous prefix of
// one.
// Lifecycle: for one command. It lists the containers at most once, however many words it resolves; later containers
//   are found by name only.
// Runs on: one thread.
// Borrows: the instance.
// Failure: find() throws errc::not_found ("no container ..."), or errc::invalid_argument for an ambiguous prefix.
class container_finder {
 public:
  explicit container_finder(const instance& where) : where_(where) {}
  std::string find(std::string_view word);

 private:
  const instance& where_;
  std::optional<std::vector<std::string>> ids_;  // sorted; empty until a word is no name
};
// The same for one word.
std::string resolve_container(const instance& where, std::string_view word);

// Returns the ids of all containers in the root directory.
std::vector<std::string> list_containers(const instance& where);

}  // namespace lxr
