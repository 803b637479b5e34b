#pragma once

#include "core/base/json.hpp"
#include "pipeline/image/store.hpp"

namespace lxr::cli {

// What `inspect` shows of an image.
json::object image_json(const instance& where, const image::tagged_image& tag);

}  // namespace lxr::cli
