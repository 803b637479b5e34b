// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/async/task.hpp"
#include "core/model/container_config.hpp"
#include "io/cgroup/layout.hpp"

namespace lxr::container {

// Changes the resources of a container: of one that runs, waits or is paused at once, and of every container for its
// next start. `change` gets the options of the container and changes them.
// Runs on: the loop's strand.
// Failure: throws what `change` throws, errc::not_found for a container that is gone, and lxr::error naming the file of
//   the cgroup whose value the kernel refuses; the configuration is as before then.
// Cancel: terminal, while it waits for the container's lock.
task<void> update(const instance& where, const io::cgroup::layout& cgroups, std::string id,
                  std::function<void(resource_options&)> change);

}  // namespace lxr::container
