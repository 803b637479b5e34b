// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace lxr::transfer {

// What a user asks to be pulled.
struct pull_request {
  std::string reference;     // as the user typed it
  std::string architecture;  // by its OCI name; empty: this machine's
  bool plain_http = false;   // use http also for registries that are not on loopback
  std::size_t parallel = 0;  // layers downloaded at the same time; 0: layers_at_once
};

struct pull_result {
  std::string image_id, manifest_digest, canonical;
};

}  // namespace lxr::transfer
