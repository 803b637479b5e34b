#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/instance/paths.hpp"

namespace lxr {

// Container identity: 64 hex digits, 12 shown, never all decimal: as a host name those are taken for an address (inet_aton(3)).
// Names are [a-zA-Z0-9][a-zA-Z0-9_.-]* and unique in an instance.
inline constexpr std::size_t short_id_size = 12;
std::string new_container_id();
std::string short_id(std::string_view id);

// Throws errc::invalid_argument.
void check_name(std::string_view name);

// Takes `name` for `id`, atomically and without a lock: state/names/<name> is a symbolic link to the id. Throws
// errc::already_exists naming the container that has it. A name whose container is gone is taken over.
void reserve_name(const instance& where, const std::string& name, const std::string& id);
// Takes a free "adjective_surname" for `id`.
std::string reserve_generated_name(const instance& where, const std::string& id);
// Frees the names of containers that are gone.
void release_stale_names(const instance& where);
// Gives the name back if `id` has it.
void release_name(const instance& where, const std::string& name, const std::string& id) noexcept;

// The ids a user means: exact name first, then full id or unambiguous prefix. Lists the containers once, however many words.
// Throws errc::not_found ("no container ...") or errc::invalid_argument for an ambiguous prefix.
class container_finder {
 public:
  explicit container_finder(const instance& where) : where_(where) {}
  std::string find(std::string_view word);

 private:
  const instance& where_;
  std::optional<std::vector<std::string>> ids_;  // sorted
};
std::string resolve_container(const instance& where, std::string_view word);

// Every container of the instance, by id.
std::vector<std::string> list_containers(const instance& where);

}  // namespace lxr
