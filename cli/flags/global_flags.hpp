// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/flags/flag_set.hpp"

namespace lxr::cli {

// The flags before the command. Without --root and --state the environment (LXR_ROOT, LXR_STATE) says which instance is
// meant.
struct global_flags {
  global_flags();
  // After parsing. Throws errc::invalid_argument for an empty directory.
  void check() const;

  flag_set app;
  std::string root, state;
  bool version = false;
};

}  // namespace lxr::cli
