// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/digest.hpp"

namespace lxr::oci {

// The config of an image: what it asks of its containers (OCI image-spec, config.md). It may be hostile: use its
// members as values only, never as paths of the host.
struct image_config {
  // One step of the image's build: it made a layer, or only changed a setting.
  struct step {
    std::string created, created_by, comment;
    bool empty_layer = false;
  };
  std::string architecture, os, created;
  std::string user, working_dir, stop_signal;
  std::vector<std::string> entrypoint, cmd, env;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports, volumes;  // volumes: paths in the container
  std::vector<step> history;                        // oldest first; may be missing
  std::vector<digest> diff_ids;                     // of the uncompressed layers, lowest first

  static image_config parse(std::string_view text, std::string_view subject);
};

}  // namespace lxr::oci
