// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/base/unique_fd.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// Makes a further layer on top of an image whose layers are mounted one by one, if it needs one. It needs one because a
// layer may lead through directories that only lower layers name ("var/run/app.pid", where var/run is a link to /run
// and /run has mode 0711). When layers are unpacked into one directory, the layer's files go where the link leads and
// the directories stay as they are. overlayfs instead shows the directories that the layer implies.
// The top layer holds what differs:
// - directories with the right mode and owner;
// - links, and the content of the directories that they lead to;
// - covers for whiteouts in a directory that only one layer has: overlayfs lists those as names without a file.
// `layers` are directories of the store, lowest first, of either driver. The result is root/ in `image`, the image's
// directory, with a listing. Files of trees are hard links, so it takes little space.
// Returns false and makes nothing when nothing differs. That is so for most images: their layers name all directories.
// Runs on: any thread; blocks.
// Failure: throws lxr::error, errc::exhausted when the budget has too little memory; the caller discards `image` then.
bool make_top_layer(const std::vector<unique_fd>& layers, int image, pull_budget& budget);

}  // namespace lxr::layer
