// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr {

// One independent installation of lxr on a host: a root directory (survives a reboot), a state directory (in memory),
// and the names of all kernel objects that lxr makes for it. Two instances share nothing.
//
//   root/   layers/<diff-id>/  blobs/<digest>  images/<config-digest>/  refs/<name>  ingest/<private>/
//           containers/<id>/  trash/
//   state/  containers/<id>/  names/<name>  networks/<name>/  mounts/<config-digest>  trash/
//           (symbolic links where `state` is on a disk: memory_state.hpp)
//
// Lifecycle: open() creates missing directories; after that the object only holds descriptors and names.
// Runs on: any thread.
// Owns: the descriptors of both directories.
// Failure: open() throws lxr::error when a directory cannot be made or opened.
class instance {
 public:
  static instance open(std::string root, std::string state);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] int root_fd() const noexcept { return root_fd_.get(); }
  [[nodiscard]] int state_fd() const noexcept { return state_fd_.get(); }
  // Returns "" for the default state directory, else 8 hex digits, a hash of the state directory's path. Part of the
  // names of links, cgroups and nft tables, so that those of two instances differ.
  [[nodiscard]] const std::string& tag() const noexcept { return tag_; }
  // Returns "lxr" or "lxr-<tag>": the name of the instance's parent cgroup and of its nft table.
  [[nodiscard]] std::string kernel_name() const { return tag_.empty() ? "lxr" : "lxr-" + tag_; }

 private:
  std::string root_, state_, tag_;
  unique_fd root_fd_, state_fd_;
};

inline constexpr const char* default_root = "/var/lib/lxr";
inline constexpr const char* default_state = "/run/lxr";

}  // namespace lxr
