// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands/command.hpp"
#include "core/base/json.hpp"
#include "pipeline/store/prune.hpp"

namespace lxr::cli {

// What `inspect` shows of an image.
json::object image_json(const instance& where, const store::tagged_image& tag);
// What every prune asks for.
struct prune_flags {
  bool all = false, force = false;
  void add_to(flag_set& app);
};

// Says what was removed, in docker's words.
void print_removed(const store::removed& gone);

}  // namespace lxr::cli
