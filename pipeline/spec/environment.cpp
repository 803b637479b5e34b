// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/environment.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lxr::spec {

std::vector<std::string> environment(const container_config& config, const oci::image_config& image,
                                     const std::string& home) {
  std::vector<std::string> env{std::string("PATH=") + default_path, "HOSTNAME=" + config.network.hostname};
  if (config.process.tty) env.emplace_back("TERM=xterm");
  for (const std::string& assignment : config.process.env_below) set_env(env, assignment);
  if (!config.process.unset_all_env) {
    for (const std::string& assignment : image.env) set_env(env, assignment);
  }
  for (const std::string& name : config.process.unset_env)
    std::erase_if(env, [&name](const std::string& e) { return e.starts_with(name + "="); });
  for (const std::string& assignment : config.process.env) set_env(env, assignment);
  if (find_env(env, "HOME").empty()) set_env(env, "HOME=" + home);  // also when HOME is set but empty, as in runc
  return env;
}

void set_home(oci::process_spec& process, const file_reader& read) {
  if (!find_env(process.env, "HOME").empty()) return;
  std::string home = "/";
  quietly([&] { home = resolve_user(std::to_string(process.user.uid), read).home; });
  set_env(process.env, "HOME=" + home);
}

std::string find_env(const std::vector<std::string>& env, const std::string& key) {
  for (const std::string& assignment : env) {
    if (assignment.size() > key.size() && assignment[key.size()] == '=' && assignment.starts_with(key)) {
      return assignment.substr(key.size() + 1);
    }
  }
  return {};
}

bool has_env(const std::vector<std::string>& env, const std::string& key) {
  return std::ranges::any_of(env, [&key](const std::string& e) { return e.starts_with(key + "="); });
}

void set_env(std::vector<std::string>& env, const std::string& assignment) {
  if (assignment.find('=') == std::string::npos) return;
  const std::string key = assignment.substr(0, assignment.find('=') + 1);
  const auto old = std::ranges::find_if(env, [&key](const std::string& e) { return e.starts_with(key); });
  if (old == env.end()) {
    env.push_back(assignment);
  } else {
    *old = assignment;
  }
}

std::vector<std::string> exec_candidates(const std::string& word, const std::string& path) {
  if (word.find('/') != std::string::npos) return {word};
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    const std::string directory = path.substr(at, end - at);
    if (directory.starts_with('/')) out.push_back(directory + "/" + word);
    at = end + 1;
  }
  if (out.empty()) out.push_back("/" + word);
  return out;
}

}  // namespace lxr::spec
