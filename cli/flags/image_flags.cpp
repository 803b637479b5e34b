// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/image_flags.hpp"

#include "cli/flags/flag_values.hpp"

namespace lxr::cli {
namespace {

engine::pull_policy policy_of(const std::string& word) {
  if (word == "always") return engine::pull_policy::always;
  return word == "never" ? engine::pull_policy::never : engine::pull_policy::missing;
}

// Only the images of Linux run here.
std::string architecture_of(const std::string& platform) {
  if (platform.empty() || platform == "linux") return {};
  const auto slash = platform.find('/');
  const std::string system = platform.substr(0, slash);
  if (slash == std::string::npos) return platform;  // docker takes an architecture alone, too
  if (system != "linux") refuse_value("--platform", platform, "lxr runs images of linux only");
  if (slash + 1 == platform.size())
    refuse_value("--platform", platform, "it is OS/ARCH[/VARIANT], such as linux/arm64");
  return platform.substr(slash + 1);
}

}  // namespace

void add_image_flags(flag_set& app, engine::image_request& request) {
  app.add_option(
         "--pull", [&request](const std::string& word) { request.pull = policy_of(word); },
         "Pull the image: missing, always or never")
      ->one_of({"missing", "always", "never"});
  app.add_option("--arch", request.architecture, "Architecture of the image, in OCI's words: arm64, arm/v7")
      ->takes("ARCH[/VARIANT]", value_source::platforms);
  app.add_option(
         "--platform", [&request](const std::string& word) { request.architecture = architecture_of(word); },
         "The same as docker writes it: linux/arm64, linux/arm/v7")
      ->takes("OS/ARCH[/VARIANT]");
  app.add_flag("--plain-http", request.plain_http, "Talk plain HTTP to the registry, also if it is not on loopback");
  app.add_option("--max-concurrent-downloads", request.parallel, "Layers downloaded at once (16)")->range(1, 16);
}

}  // namespace lxr::cli
