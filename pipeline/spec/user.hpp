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

// Reads one of the image's files; empty when it has none.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;

// `word` is "", "user", "uid", "user:group", "uid:gid"... as in an image config's User. Supplementary groups come from
// the group file when no group was given. Throws errc::invalid_argument for names the image does not know and for
// numbers above 2147483647 or with anything but digits.
resolved_user resolve_user(const std::string& word, const file_reader& read);

}  // namespace lxr::spec
