#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/state/container_config.hpp"
#include "core/state/container_state.hpp"
#include "io/cgroup/cgroup.hpp"

namespace lxr::container {

// Takes a container's name and files away: renamed into the trash, which is emptied later. Where its state lies now.
std::optional<std::string> discard_files(const instance& where, const container_config& config);

// Removes one container with everything it holds. A running one is killed first when `force`, else errc::conflict.
// Returns once its processes are gone and its name is free; the caller then settles the instance. A remover that dies on the
// way leaves nothing a user sees; address and cgroup go with the next settling.
task<void> remove(const instance& where, const io::cgroup::layout& cgroups, std::string id, bool force);

struct removal {
  std::string id;
  std::exception_ptr failure;  // null: it is gone
  bool running = false;        // it failed because it runs and was not to be killed
};
// Removes several at once. Failures do not stop the others.
task<std::vector<removal>> remove_many(const instance& where, const io::cgroup::layout& cgroups,
                                       const std::vector<std::string>& ids, bool force);

// What is left to do after removals, and nobody needs to wait for: once the kernel has taken down the links of the
// containers named (at most 5 s), takes the network down when nobody uses it any more, sweeps cgroups that belong to no
// container, and what creators that died left, and empties the trash.
task<void> settle(const instance& where, const io::cgroup::layout& cgroups, std::vector<std::string> removed_ids);

}  // namespace lxr::container
