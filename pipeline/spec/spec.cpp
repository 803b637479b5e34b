#include "pipeline/spec/spec.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/instance/names.hpp"

namespace lxr::container {
std::vector<std::string> environment(const container_config& config, const oci::image_config& image, const std::string& home) {
  std::vector<std::string> env{std::string("PATH=") + default_path, "HOSTNAME=" + config.hostname};
  if (config.tty) env.emplace_back("TERM=xterm");
  for (const auto* source : {&image.env, &config.env}) {
    for (const std::string& assignment : *source) {
      if (assignment.find('=') != std::string::npos) set_env(env, assignment);
    }
  }
  if (find_env(env, "HOME").empty()) set_env(env, "HOME=" + home);  // also where it is there and empty, as with runc
  return env;
}

std::string find_env(const std::vector<std::string>& env, const std::string& key) {
  for (const std::string& assignment : env) {
    if (assignment.size() > key.size() && assignment[key.size()] == '=' && assignment.starts_with(key)) {
      return assignment.substr(key.size() + 1);
    }
  }
  return {};
}

void set_env(std::vector<std::string>& env, const std::string& assignment) {
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

std::vector<std::string> command_line(const container_config& config, const oci::image_config& image) {
  std::vector<std::string> args = config.entrypoint ? *config.entrypoint : image.entrypoint;
  const bool keep_image_command = config.command.empty() && !config.entrypoint;
  const auto& command = keep_image_command ? image.cmd : config.command;
  args.insert(args.end(), command.begin(), command.end());
  if (args.empty() || (args.size() == 1 && args.front().empty())) {
    throw error(errc::invalid_argument, "run image", config.image, "no command specified: the image has neither Entrypoint nor Cmd",
                "give a command after the image");
  }
  return args;
}

std::string command_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

oci::runtime_spec make_surroundings(const container_config& config) {
  oci::runtime_spec spec;
  spec.process.terminal = config.tty;
  spec.root_readonly = config.read_only;
  spec.hostname = config.hostname;
  spec.mounts = oci::default_mounts();
  spec.namespaces.network = config.network != network_mode::host;
  spec.resources.pids_limit = std::max<std::int64_t>(config.pids_limit, 0);
  spec.resources.memory_limit = config.memory;
  spec.resources.cpu_quota = static_cast<std::int64_t>(config.cpus * static_cast<double>(spec.resources.cpu_period));
  if (spec.namespaces.network) {
    spec.sysctl = {{"net/ipv4/ping_group_range", "0 2147483647"}, {"net/ipv4/ip_unprivileged_port_start", "0"}};
  }
  spec.masked_paths = oci::default_masked_paths();
  spec.readonly_paths = oci::default_readonly_paths();
  return spec;
}

void add_process(oci::runtime_spec& spec, const container_config& config, const oci::image_config& image, const file_reader& read) {
  const resolved_user user = resolve_user(config.user.empty() ? image.user : config.user, read);
  spec.process.user = user.ids;
  spec.process.args = command_line(config, image);
  spec.process.env = environment(config, image, user.home);
  spec.process.cwd = !config.working_dir.empty() ? config.working_dir : !image.working_dir.empty() ? image.working_dir : "/";
  if (!spec.process.cwd.starts_with('/')) spec.process.cwd.insert(0, "/");
  spec.process.capabilities = oci::default_capabilities();
}

oci::runtime_spec make_spec(const container_config& config, const oci::image_config& image, const file_reader& read) {
  oci::runtime_spec spec = make_surroundings(config);
  add_process(spec, config, image, read);
  return spec;
}

}  // namespace lxr::container
