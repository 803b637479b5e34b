// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/process_identity.hpp"
#include "core/oci/runtime_spec/types.hpp"

namespace lxr::runtime {

// What the OCI runtime keeps of a container, in <root>/<id>/state.json. Its status is not recorded: the kernel tells.
struct record {
  std::string id, bundle, rootfs;         // bundle and rootfs: absolute paths
  process_identity init;                  // its first process
  std::int64_t created_ns = 0;            // of Unix time
  std::uint32_t owner = 0;                // user id of the process that created it
  std::string cgroup;                     // path below each tree
  std::vector<std::string> cgroup_trees;  // io::cgroup::group::trees()
};

// The container's directory <root>/<id>, held under an exclusive lock (flock(2)), so that verbs on one container come
// one after the other.
// Lifecycle: create() or open(); the destructor unlocks.
// Failure: throws errc::already_exists, errc::not_found and errc::invalid_argument with the words that callers look for
//   ("container with given ID already exists", "container does not exist", "invalid container ID format").
class container_directory {
 public:
  static container_directory create(const std::string& root, const std::string& id);
  static container_directory open(const std::string& root, const std::string& id);
  // The ids in a root, sorted; none when the root is missing.
  static std::vector<std::string> list(const std::string& root);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // The record and the spec; absent in a directory whose creator died.
  [[nodiscard]] std::optional<record> load() const;
  [[nodiscard]] oci::runtime_spec load_spec() const;
  void save(const record& r) const;
  void save_spec(const oci::runtime_spec& spec) const;
  // Whether its first process still waits to be started.
  [[nodiscard]] bool is_waiting() const;
  void mark_started() const;
  void remove() const;

 private:
  std::string path_;
  unique_fd fd_;
};

}  // namespace lxr::runtime
