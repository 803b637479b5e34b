// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runtime/entry.hpp"

#include <fcntl.h>

#include "core/base/file.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/runtime/refusal.hpp"

namespace lxr::runtime {
namespace {

unique_fd open_root(const container_record& kept) {
  auto root = file::try_open_at(AT_FDCWD, "/proc/" + std::to_string(kept.init.pid) + "/root", O_PATH | O_DIRECTORY);
  return root ? std::move(*root) : unique_fd();
}

io::seccomp::filter filter_of(const container_directory& directory, const oci::runtime_spec& spec) {
  if (!spec.linux_part.seccomp) return {};
  if (auto kept = directory.load_filter()) return std::move(*kept);
  return io::seccomp::compile(*spec.linux_part.seccomp);
}

}  // namespace

container_entry::container_entry(const context& on, const container_directory& directory, const container_state& state,
                                 const oci::runtime_spec& spec, const char* operation)
    : pidfd_(state.kept.init.open()),
      root_(open_root(state.kept)),
      has_cgroup_(!state.kept.cgroup.empty()),
      group_(io::cgroup::group::open(on.cgroups, state.kept.cgroup, state.kept.cgroup_trees)),
      namespaces_(launch::namespaces_of(spec.linux_part)),
      filter_(filter_of(directory, spec)),
      keyring_("_ses." + directory.id()),
      personality_(spec.linux_part.personality) {
  // It may have ended meanwhile, and then the root is another's.
  if (!pidfd_ || !root_ || !state.kept.init.is_alive()) refuse(operation, directory.id(), "container not running");
}

launch::further_inputs container_entry::inputs() const {
  launch::further_inputs in;
  in.pidfd = pidfd_.get();
  in.root = root_.get();
  in.namespaces = namespaces_;
  if (has_cgroup_) {
    in.cgroup = group_.directory();
    for (const unique_fd& tasks : group_.tasks()) in.cgroup_tasks.push_back(tasks.get());
  }
  in.own_memory = true;
  in.input = 0;
  in.output = 1;
  in.errors = 2;
  in.process.seccomp = {filter_.program, filter_.flags};
  in.process.keyring = keyring_;
  in.process.personality = personality_;
  return in;
}

}  // namespace lxr::runtime
