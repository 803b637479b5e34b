#pragma once

#include <cstddef>
#include <string>

namespace lxr::transfer {

struct pull_request {
  std::string reference;     // as typed
  std::string architecture;  // OCI's word; empty: this machine's
  bool plain_http = false;   // also for registries that are not on loopback
  std::size_t parallel = 0;  // layers downloaded at once; 0: the usual number
};

struct pull_result {
  std::string image_id, manifest_digest, canonical;
};

}  // namespace lxr::transfer
