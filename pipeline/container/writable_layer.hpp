#pragma once

#include "core/base/unique_fd.hpp"

namespace lxr::container {

// What a container writes: the directories upper and work of its data directory (kernel, overlayfs.rst).
// Lifecycle: prepare, before each start; open, when the image is there. The first time, the upper directory has another name
// until its root is as the image's, as overlayfs shows it as the root.
void prepare_writable_layer(int data);

struct writable_layer {
  unique_fd upper, work;
};
// `image_root`: of the image's uppermost layer.
writable_layer open_writable_layer(int data, int image_root);

}  // namespace lxr::container
