// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/model/container_config.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "pipeline/spec/user.hpp"

namespace lxr::spec {

inline constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Returns the environment of the first process: variables of lxr, then of the image, then of the user; a later one
// replaces an earlier one of the same name. HOME is `home` when none of them sets it.
std::vector<std::string> environment(const container_config& config, const oci::image_config& image,
                                     const std::string& home);

// Returns the value of `key`; "" when it is not set.
std::string find_env(const std::vector<std::string>& env, const std::string& key);
// Returns true when `key` is set, also to an empty value.
bool has_env(const std::vector<std::string>& env, const std::string& key);
// Sets or replaces a variable. Ignores an assignment without "=".
void set_env(std::vector<std::string>& env, const std::string& assignment);

// Returns the paths that execvp(3) would try for `word` with this PATH.
std::vector<std::string> exec_candidates(const std::string& word, const std::string& path);

// Sets HOME of a process that has none, or an empty one, to the home directory that the container's /etc/passwd has for
// its user; "/" for a user that is not in there.
void set_home(oci::process_spec& process, const file_reader& read);

}  // namespace lxr::spec
