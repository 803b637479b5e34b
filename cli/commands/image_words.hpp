// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands/command.hpp"
#include "core/base/json.hpp"
#include "pipeline/store/prune.hpp"

namespace lxr::cli {

// Returns what `inspect` shows of an image.
json::object image_json(const instance& where, const store::tagged_image& tag);
// The flags of `image prune` and `system prune`.
struct prune_flags {
  bool all = false, force = false;
  void add_to(flag_set& app);
};

// Prints what was removed, in the form of docker.
void print_removed(const store::removed& gone);

}  // namespace lxr::cli
