// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/defaults.hpp"
#include "pipeline/spec/capabilities.hpp"
#include "pipeline/spec/environment.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

// Returns docker's and podman's limit. The soft limit is low because many programs loop over all descriptors up to it.
oci::rlimit descriptor_limit() {
  constexpr rlim_t usual_soft = 1024, usual_hard = 524288;
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const rlim_t hard = std::min(own.rlim_max, usual_hard);
  return {"RLIMIT_NOFILE", hard, std::min(usual_soft, hard)};
}

// Root gets all capabilities of the bounding set. Another user gets those that were asked for by name, and setuid
// programs give at most those of the set.
void set_capabilities(oci::process_spec& process, const capability_choice& choice) {
  oci::capability_sets& sets = process.capabilities.emplace();
  sets.bounding.bits = choice.bounding;
  if (process.user.uid == 0) {
    sets.effective = sets.permitted = sets.bounding;
  } else if (choice.added != 0) {
    sets.effective.bits = sets.permitted.bits = sets.inheritable.bits = sets.ambient.bits = choice.added;
  }
}

std::vector<oci::rlimit> limits(const security_options& options) {
  std::vector<oci::rlimit> out{descriptor_limit()};
  for (const process_limit& l : options.ulimits) {
    std::string type = "RLIMIT_" + l.name;
    for (char& c : type) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    std::erase_if(out, [&type](const oci::rlimit& known) { return known.type == type; });
    out.push_back({type, l.hard, l.soft});
  }
  return out;
}

// Sets the parts of the process that depend neither on the image nor on the user and environment of an earlier start.
void set_surroundings(oci::process_spec& process, const container_config& config) {
  process.terminal = config.process.tty;
  process.user.umask = config.process.umask;
  set_capabilities(process, choose_capabilities(config.security));
  process.rlimits = limits(config.security);
  process.oom_score_adj = config.process.oom_score_adj;
  process.no_new_privileges = config.security.no_new_privileges;
}

bool sets(const std::string& key, const container_config& config, const oci::image_config& image) {
  return has_env(config.process.env, key) || has_env(image.env, key);
}

void set_working_directory(oci::process_spec& process, const std::string& directory) {
  process.cwd = directory.starts_with('/') ? directory : "/" + directory;
}

}  // namespace

std::vector<std::string> command_line(const container_config& config, const oci::image_config& image) {
  std::vector<std::string> args = config.process.entrypoint ? *config.process.entrypoint : image.entrypoint;
  const bool keep_image_command = config.process.command.empty() && !config.process.entrypoint;
  const auto& command = keep_image_command ? image.cmd : config.process.command;
  args.insert(args.end(), command.begin(), command.end());
  if (args.empty() || (args.size() == 1 && args.front().empty())) {
    throw error(errc::invalid_argument, "run image", config.image,
                "no command specified: the image has neither Entrypoint nor Cmd", "give a command after the image");
  }
  return args;
}

std::string command_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void add_process(oci::runtime_spec& spec, const container_config& config, const oci::image_config& image,
                 const file_reader& read) {
  const resolved_user user = resolve_user(config.process.user.empty() ? image.user : config.process.user, read);
  oci::process_spec process;
  process.user = user.ids;
  for (const std::string& group : config.process.groups)
    process.user.additional_gids.push_back(resolve_group(group, read));
  process.args = command_line(config, image);
  process.env = environment(config, image, user.home);
  set_working_directory(process, config.process.working_dir.empty() ? image.working_dir : config.process.working_dir);
  set_surroundings(process, config);
  spec.process = std::move(process);
  if (!sets("HOME", config, image)) spec.annotations[derived_home_annotation] = "true";
  if (config.process.tty && !sets("TERM", config, image)) spec.annotations[derived_term_annotation] = "true";
}

void add_known_process(oci::runtime_spec& spec, const oci::runtime_spec& kept, const container_config& config) {
  spec.process = kept.process;
  spec.annotations = kept.annotations;
  set_surroundings(*spec.process, config);
}

oci::process_spec make_process(const oci::runtime_spec& of, const further_process& wanted, const file_reader& read) {
  if (wanted.command.empty() || wanted.command.front().empty()) {
    throw error(errc::invalid_argument, "run in container", "", "no command specified", "name one");
  }
  oci::process_spec process = of.process.value();
  process.console_size.reset();
  process.args = wanted.command;
  if (of.annotations.contains(derived_term_annotation) && !wanted.tty) std::erase(process.env, "TERM=xterm");
  process.terminal = wanted.tty;
  if (wanted.tty && !has_env(process.env, "TERM")) set_env(process.env, "TERM=xterm");
  if (!wanted.user.empty()) {
    const resolved_user user = resolve_user(wanted.user, read);
    const auto umask = process.user.umask;
    process.user = user.ids;
    process.user.umask = umask;
    set_capabilities(process, {process.capabilities ? process.capabilities->bounding.bits : 0, 0});
    if (of.annotations.contains(derived_home_annotation)) set_env(process.env, "HOME=" + user.home);
  }
  if (wanted.privileged) set_capabilities(process, choose_capabilities({.privileged = true}));
  for (const std::string& assignment : wanted.env) set_env(process.env, assignment);
  if (find_env(process.env, "HOME").empty()) {
    const std::string word = wanted.user.empty() ? std::to_string(process.user.uid) : wanted.user;
    set_env(process.env, "HOME=" + resolve_user(word, read).home);
  }
  if (!wanted.working_dir.empty()) set_working_directory(process, wanted.working_dir);
  return process;
}

}  // namespace lxr::spec
