#pragma once

#include "core/oci/image_config.hpp"
#include "core/oci/runtime_spec.hpp"
#include "core/model/container_config.hpp"
#include "pipeline/spec/user.hpp"

namespace lxr::container {

// What the user asked for, as far as no image is needed to know it: everything around the process.
oci::runtime_spec make_surroundings(const container_config& config);
// Adds the process: what the user asked for, over what the image asks for.
// Throws errc::invalid_argument when neither names a command.
void add_process(oci::runtime_spec& spec, const container_config& config, const oci::image_config& image, const file_reader& read);
oci::runtime_spec make_spec(const container_config& config, const oci::image_config& image, const file_reader& read);

// The command line alone: entrypoint and command after docker's rules.
std::vector<std::string> command_line(const container_config& config, const oci::image_config& image);
// It in one line, for people.
std::string command_text(const std::vector<std::string>& words);

// What the process finds as its environment; `home` where neither image nor user say.
std::vector<std::string> environment(const container_config& config, const oci::image_config& image, const std::string& home);

// "PATH=..." looked up in an environment.
std::string find_env(const std::vector<std::string>& env, const std::string& key);
void set_env(std::vector<std::string>& env, const std::string& assignment);
inline constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Where execvp would look for `word` with this PATH.
std::vector<std::string> exec_candidates(const std::string& word, const std::string& path);

}  // namespace lxr::container
