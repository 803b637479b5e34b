// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/global_flags.hpp"

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/instance/paths.hpp"

namespace lxr::cli {
namespace {

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : fallback;
}

void check_directory(const std::string& flag, const std::string& path) {
  if (path.empty()) throw error(errc::invalid_argument, "use " + flag, "\"\"", "it is a directory");
}

}  // namespace

global_flags::global_flags()
    : app("Fast containers from OCI images.", "",
          "lxr run -it debian\nlxr run -d --name web nginx\nlxr exec web\nlxr batch -n 200 alpine sleep 1000\n"
          "lxr rm -f $(lxr ps -aq)"),
      root(from_environment("LXR_ROOT", default_root)),
      state(from_environment("LXR_STATE", default_state)) {
  app.add_option("--root", root, "Where images and containers are kept (LXR_ROOT, else /var/lib/lxr)")
      ->takes("DIR", value_source::directories);
  app.add_option("--state", state, "Where running state is kept (LXR_STATE, else /run/lxr)")
      ->takes("DIR", value_source::directories);
  app.add_flag("-v,--version", version, "Show the version");
  app.stop_at_first_argument("COMMAND [ARGUMENT ...]");
}

void global_flags::check() const {
  check_directory("--root", root);
  check_directory("--state", state);
}

}  // namespace lxr::cli
