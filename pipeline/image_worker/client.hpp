// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/store/check.hpp"
#include "pipeline/transfer/pull_request.hpp"

namespace lxr::image_worker {

// Has lxr-image pull an image into the store, and passes its progress on to `events`. Only lxr-image handles bytes from
// outside. `program` is its path. `known` is called with the image's id when its config has been read and fits the
// architecture, long before the layers are complete; not for an image that the store has already.
// Runs on: the loop's strand.
// Failure: throws what lxr-image reports; errc::conflict when it died.
// Cancel: terminal; closes the channel, which tells lxr-image to stop, blocks for at most 10 s until it has ended, then
//   kills it. The next pull sweeps what it left.
task<transfer::pull_result> pull(const instance& where, std::string program, transfer::pull_request request,
                                 event_sink& events, std::function<void(const std::string&)> known = {});

// Has lxr-image check the store (store::check_store()); `report` is called for each finding as it comes. Failure and
// Cancel: as for pull().
task<store::check_summary> check(const instance& where, std::string program, bool repair,
                                 std::function<void(const store::finding&)> report);

}  // namespace lxr::image_worker
