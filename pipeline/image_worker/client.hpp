#pragma once

#include <functional>
#include <string>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/store/check.hpp"
#include "pipeline/transfer/pull_request.hpp"

namespace lxr::image_worker {

// Has lxr-image pull an image into the store, and reports its progress. Bytes from outside are only handled there.
// `program` is the path of lxr-image. Failure: what lxr-image reports; errc::conflict when it died.
// Cancel: terminal; lxr-image is killed, and what it had written is swept by the next pull.
// `known` is called with the image's id as soon as its config was read and is for the right architecture: long before its layers
// are there. Not called for an image that is in the store already.
task<transfer::pull_result> pull(const instance& where, std::string program, transfer::pull_request request, event_sink& events,
                       std::function<void(const std::string&)> known = {});

// Has lxr-image check the store (see check_store); `report` is called as it goes. Failure and cancel: as of pull().
task<store::check_summary> check(const instance& where, std::string program, bool repair, std::function<void(const store::finding&)> report);

}  // namespace lxr::image_worker
