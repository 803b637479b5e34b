#pragma once

#include <functional>
#include <string>

#include "core/instance/paths.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::store {

// Something in the store that is not as it was committed.
struct finding {
  std::string object, problem;  // "layer 3f2a…", "its data has changed: …"
  std::string repair;           // what was done about it; empty: nothing
};

struct check_summary {
  std::size_t layers = 0, images = 0, findings = 0, repaired = 0;
};

// Reads the whole store and compares: layers with their diff-id (erofs) or the listing of their files (directories), indexes
// with what their tars make, images with their digests, names with images. With `repair`, indexes are made anew, and what is
// damaged beyond that is removed, so that the next pull fetches it.
// `memory`: what a tree may take, as at the pull.
// Runs on: one thread, blocks; in lxr-image.  Failure: throws only for what is no damage: no disk, no permission.
check_summary check_store(const instance& where, bool repair, const std::function<void(const finding&)>& report, std::uint64_t memory = layer::layer_limits().memory);

}  // namespace lxr::store
