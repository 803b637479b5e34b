// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"

namespace lxr::rootfs {

// The writable layer of a container: the directories upper/ and work/ in its data directory (Linux, overlayfs.rst).
// It is volatile for a container with --rm or --volatile. The kernel marks a volatile layer in use
// (work/work/incompat/volatile). The next start removes the mark; if the container ran when the host went down, files
// may be incomplete, and the start is refused.
// Lifecycle: prepare_writable_layer() before each start, open_writable_layer() when the image is in the store. At the
//   first start the upper directory is named upper.new until it has the metadata of the image's root, because overlayfs
//   shows it as the root.
//
// `intact`: the last run has ended, or was in this boot.  Failure: throws errc::corrupt for a container refused as
// above.
void prepare_writable_layer(int data, bool intact);

struct writable_layer {
  unique_fd upper, work;
};
// `image_root` is the root of the image's uppermost layer.
writable_layer open_writable_layer(int data, int image_root);

}  // namespace lxr::rootfs
