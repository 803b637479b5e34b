// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/cgroup/group.hpp"
#include "io/seccomp/compile.hpp"
#include "pipeline/launch/further_process.hpp"
#include "pipeline/runtime/runtime.hpp"

namespace lxr::runtime {

// What a further process of a container joins: for exec, and for hooks whose programs are the container's.
// Lifecycle: the constructor opens everything; inputs() as often as there are processes, while this object lives.
// Owns: the descriptors and the filter.
// Failure: the constructor throws errc::conflict when the container does not run any more, else lxr::error.
class container_entry {
 public:
  container_entry(const context& on, const container_directory& directory, const container_state& state,
                  const oci::runtime_spec& spec, const char* operation);
  [[nodiscard]] launch::further_inputs inputs() const;
  // The root directory of the first process.
  [[nodiscard]] int root() const noexcept { return root_.get(); }

 private:
  unique_fd pidfd_, root_;
  bool has_cgroup_;
  io::cgroup::group group_;
  std::uint32_t namespaces_;
  io::seccomp::filter filter_;
  std::string keyring_;
  std::optional<oci::personality_spec> personality_;
};

}  // namespace lxr::runtime
