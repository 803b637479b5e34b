// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::spec {

// A container's user, resolved against the image's /etc/passwd and /etc/group (passwd(5), group(5)).
struct resolved_user {
  oci::spec_user ids;
  std::string home = "/";
};

// Reads a file of the image; returns nullopt when it has none.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;

// Resolves `word`, which is "", "user", "uid", "user:group" or "uid:gid", as User in an image's config. Without a group
// it takes the supplementary groups from the group file. Failure: throws errc::invalid_argument for a name that the
// image does not have, and for a number that is above
//   2147483647 or not decimal.
resolved_user resolve_user(const std::string& word, const file_reader& read);

// Returns the number of a group of the image's /etc/group, or of "1000". Failure: as resolve_user().
std::uint32_t resolve_group(const std::string& word, const file_reader& read);

}  // namespace lxr::spec
