// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "cli/flags/flag_set.hpp"

namespace lxr::cli {

// How a command finds or pulls the image it needs.
struct image_flags {
  std::string pull = "missing", architecture;
  bool plain_http = false;
  std::size_t parallel_downloads = 0;  // 0: the usual number

  void add_to(flag_set& app);
};

}  // namespace lxr::cli
