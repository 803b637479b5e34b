// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/model/container_config.hpp"
#include "core/oci/image_config.hpp"

namespace lxr::spec {

inline constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What the process finds as its environment: lxr's, the image's, the user's, the later over the earlier; `home` where
// none of them says.
std::vector<std::string> environment(const container_config& config, const oci::image_config& image,
                                     const std::string& home);

// The value of `key` in an environment; empty when it is not there.
std::string find_env(const std::vector<std::string>& env, const std::string& key);
// Whether `key` is there, also with an empty value.
bool has_env(const std::vector<std::string>& env, const std::string& key);
// Puts "KEY=value" in place of what the key had. Anything without "=" is passed over.
void set_env(std::vector<std::string>& env, const std::string& assignment);

// Where execvp(3) would look for `word` with this PATH.
std::vector<std::string> exec_candidates(const std::string& word, const std::string& path);

}  // namespace lxr::spec
