// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/instance/paths.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::store {

// An object of the store that differs from what was committed.
struct finding {
  std::string object, problem;  // "layer 3f2a…", "its data has changed: …"
  std::string repair;           // what check_store() did about it; empty: nothing
};

struct check_summary {
  std::size_t layers = 0, images = 0, findings = 0, repaired = 0;
};

// Reads the whole store and compares
// - layers with their diff-id (erofs) or with the listing of their files (directories),
// - indexes with those that their tars make,
// - images with their digests,
// - names with the images they point at.
// With `repair` it makes indexes anew and removes what is damaged otherwise, so that the next pull fetches it; what a
// container uses stays. `report` is called for each finding. `memory` is the limit for the trees of layers in bytes, as
// for a pull.
// Runs on: one thread of lxr-image; blocks.
// Failure: damage is reported, not thrown; throws lxr::error when the store cannot be read (no disk, no permission).
check_summary check_store(const instance& where, bool repair, const std::function<void(const finding&)>& report,
                          std::uint64_t memory = layer::layer_limits().memory);

}  // namespace lxr::store
