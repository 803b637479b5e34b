#pragma once

#include "core/base/unique_fd.hpp"

namespace lxr::rootfs {

// What a container writes: the directories upper and work of its data directory (kernel, overlayfs.rst).
// A container that is thrown away at its end (--rm), or whose user asked for it (--volatile), has a volatile upper layer. What
// the kernel then marks it with (work/work/incompat/volatile) is removed before the next start; of a container that ran when the
// host went down it means that files may be incomplete, and that one is refused (errc::corrupt).
// Lifecycle: prepare, before each start; open, when the image is there. The first time, the upper directory has another name
// until its root is as the image's, as overlayfs shows it as the root.
// `intact`: its last run ended, or was in this boot.
void prepare_writable_layer(int data, bool intact);

struct writable_layer {
  unique_fd upper, work;
};
// `image_root`: of the image's uppermost layer.
writable_layer open_writable_layer(int data, int image_root);

}  // namespace lxr::rootfs
