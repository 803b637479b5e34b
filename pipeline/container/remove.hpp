#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/cgroup.hpp"

namespace lxr::container {

// Takes a container's name and files away: renamed into the trash, which is emptied later. The caller holds its lock.
void discard_files(const instance& where, const container_config& config);

// Which containers a removal takes.
enum class removal_mode {
  stopped,  // one that runs, or is being started, is errc::conflict
  any,      // what runs is killed first
  idle,     // one that runs, waits to be started, or that another lxr is at work on, is left as it is
};

enum class removal_result { removed, left };

// Removes one container with everything it holds. Returns once its processes are gone and its name is free; the caller then
// settles the instance. Throws errc::not_found when there is none, also when another remover was faster.
// Does not depend on what config.json and state.json hold. A remover that dies on the way leaves nothing a user sees; address
// and cgroup go with the next settling.
task<removal_result> remove(const instance& where, const io::cgroup::layout& cgroups, std::string id, removal_mode mode);

struct removal {
  std::string id;
  removal_result result = removal_result::left;
  std::exception_ptr failure;  // null: see result
};
// Removes several at once. Failures do not stop the others.
task<std::vector<removal>> remove_many(const instance& where, const io::cgroup::layout& cgroups, const std::vector<std::string>& ids,
                                       removal_mode mode);

// What is left to do after removals, and nobody needs to wait for: once the kernel has taken down the links of the
// containers named (at most 5 s), takes the network down when nobody uses it any more, sweeps cgroups that belong to no
// container, and what creators that died left, and empties the trash.
task<void> settle(const instance& where, const io::cgroup::layout& cgroups, std::vector<std::string> removed_ids);

}  // namespace lxr::container
