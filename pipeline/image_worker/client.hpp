// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/store/check.hpp"
#include "pipeline/transfer/pull_request.hpp"

namespace lxr::image_worker {

// Is called with the image's id, and the paths of its volumes, when its config has been read and fits the architecture.
using image_known = std::function<void(const std::string& id, std::vector<std::string> volumes)>;

// Has lxr-image pull an image into the store, and passes its progress on to `events`. Only lxr-image handles bytes from
// outside. `program` is its path. `known` is called long before the layers are complete; not for an image that the
// store has already.
// Runs on: the loop's strand.
// Failure: throws what lxr-image reports; errc::conflict when it died.
// Cancel: terminal; closes the channel, which tells lxr-image to stop, blocks for at most 10 s until it has ended, then
//   kills it. The next pull sweeps what it left.
task<transfer::pull_result> pull(const instance& where, std::string program, transfer::pull_request request,
                                 event_sink& events, image_known known = {});

// Has lxr-image check the store (store::check_store()); `report` is called for each finding as it comes. Failure and
// Cancel: as for pull().
task<store::check_summary> check(const instance& where, std::string program, bool repair,
                                 std::function<void(const store::finding&)> report);

}  // namespace lxr::image_worker
