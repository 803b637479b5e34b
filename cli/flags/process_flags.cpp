// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/process_flags.hpp"

#include <charconv>

#include "cli/flags/env_words.hpp"
#include "cli/flags/flag_values.hpp"

namespace lxr::cli {
namespace {

std::uint32_t parse_octal(const std::string& text, const std::string& flag) {
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (failure == std::errc() && end == text.data() + text.size() && value <= 0777) return value;
  refuse_value(flag, text, "it is not an octal number between 0 and 0777");
}

}  // namespace

void process_flags::add_to(flag_set& app, process_options& options) {
  app.add_option("-e,--env", env_, "Set an environment variable: KEY=VALUE, or KEY to copy the caller's")
      ->takes("KEY[=VALUE]", value_source::variables);
  app.add_option("--env-file", env_files_, "Read environment variables from a file")
      ->takes("FILE", value_source::files);
  app.add_flag("--init", options.under_init, "Run the command under an init that reaps orphans and hands signals on");
  app.add_flag("--env-host", env_host_, "Copy the caller's whole environment");
  app.add_flag("--http-proxy", http_proxy_, "Copy the caller's variables about proxies");
  app.add_flag("--unsetenv-all", options.unset_all_env, "Leave out all variables of the image");
  app.add_option("--unsetenv", options.unset_env, "Leave out a variable of the image")
      ->takes("KEY", value_source::variables);
  app.add_option("--group-add", options.groups, "Add the process to a group of the image, or to a number")
      ->takes("GROUP|GID");
  app.add_option("-u,--user", options.user, "User (and group) to run as")->takes("NAME|UID[:GROUP|GID]");
  app.add_option(
         "-w,--workdir",
         [&options](const std::string& path) {
           if (!path.empty() && path.front() != '/') refuse_value("--workdir", path, "it is not an absolute path");
           options.working_dir = path;
         },
         "Working directory in the container")
      ->takes("DIR");
  app.add_option(
         "--entrypoint",
         [&options](const std::string& word) {
           options.entrypoint = word.empty() ? std::vector<std::string>() : std::vector{word};
         },
         "Replace the image's entrypoint; \"\" for none")
      ->takes("WORD");
  app.add_option(
         "--umask", [&options](const std::string& text) { options.umask = parse_octal(text, "--umask"); },
         "File mode mask of the process, in octal (022)")
      ->takes("OCTAL");
  app.add_option("--oom-score-adj", options.oom_score_adj, "How likely the kernel, out of memory, ends the container")
      ->range(-1000, 1000);
}

void process_flags::finish(process_options& options) const {
  options.env = environment_of(env_files_, env_);
  if (http_proxy_) options.env_below = proxies_of_caller();
  if (env_host_) options.env_below = environment_of_caller();
}

}  // namespace lxr::cli
