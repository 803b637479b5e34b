#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr {

// One independent installation of lxr on a host: a root directory (survives a reboot), a state directory (tmpfs), and
// the names of everything it makes in the kernel. Two instances share nothing.
//
//   root/   layers/<diff-id>/  blobs/<digest>  images/<config-digest>/  refs/<name>  ingest/<private>/  containers/<id>/  trash/
//   state/  containers/<id>/   names/<name>  networks/<name>/  mounts/<config-digest>  trash/   (links, where it is on a disk: memory_state.hpp)
//
// Lifecycle: open() makes missing directories; the object then only holds descriptors and names.
class instance {
 public:
  static instance open(std::string root, std::string state);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] int root_fd() const noexcept { return root_fd_.get(); }
  [[nodiscard]] int state_fd() const noexcept { return state_fd_.get(); }
  // Empty for the default instance, else a hash of the state directory: what tells links, cgroups and tables apart.
  [[nodiscard]] const std::string& tag() const noexcept { return tag_; }
  // "lxr", or "lxr-<tag>": the name of its cgroup parent and nft table.
  [[nodiscard]] std::string kernel_name() const { return tag_.empty() ? "lxr" : "lxr-" + tag_; }

 private:
  std::string root_, state_, tag_;
  unique_fd root_fd_, state_fd_;
};

inline constexpr const char* default_root = "/var/lib/lxr";
inline constexpr const char* default_state = "/run/lxr";

}  // namespace lxr
