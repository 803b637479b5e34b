// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/image_flags.hpp"

namespace lxr::cli {

void image_flags::add_to(flag_set& app) {
  app.add_option("--pull", pull, "Pull the image: missing, always or never")->one_of({"missing", "always", "never"});
  app.add_option("--arch", architecture, "Architecture of the image, in OCI's words: arm64, arm/v7");
  app.add_flag("--plain-http", plain_http, "Talk plain HTTP to the registry, also if it is not on loopback");
  app.add_option("--max-concurrent-downloads", parallel_downloads, "Layers downloaded at once (16)")->range(1, 16);
}

}  // namespace lxr::cli
