#pragma once

#include <vector>

#include "core/base/unique_fd.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// An image whose layers are mounted each for itself may need a further one on top. A layer may lead through directories that
// only lower ones name ("var/run/app.pid", where var/run is a link to /run and /run is 0711): unpacked one over the other the
// files of the layer go where the link leads, and the directories stay as they are; overlayfs shows the directories that
// the layer implies. The top layer holds what differs: directories with their own mode and owner, links, and what lies behind them.
// `layers`: directories of the store, lowest first, of either driver. In `image`, an image's directory, it becomes root/,
// with a listing. Files of trees are hard links, so it takes little space.
// Names of nothing (whiteouts in a directory that only one layer has, which overlayfs lists) are covered too.
// Returns false, and makes nothing, when nothing differs: so for most images, whose layers name their directories.
// Failure: throws, errc::exhausted where the budget has too little memory; `image` is then to be discarded.  Runs on: any thread; blocks.
bool make_top_layer(const std::vector<unique_fd>& layers, int image, pull_budget& budget);

}  // namespace lxr::layer
