#pragma once

#include "core/base/json.hpp"
#include "pipeline/image/prune.hpp"

namespace lxr::cli {

// What `inspect` shows of an image.
json::object image_json(const instance& where, const image::tagged_image& tag);
// Says what was removed, in docker's words.
void print_removed(const image::removed& gone);

}  // namespace lxr::cli
