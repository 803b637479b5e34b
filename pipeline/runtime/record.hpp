// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/process_identity.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/seccomp/compile.hpp"

namespace lxr::runtime {

// What the OCI runtime keeps of a container, in <root>/<id>/state.json. Its status is not recorded: the kernel tells.
struct container_record {
  std::string id, bundle, rootfs;         // bundle and rootfs: absolute paths
  process_identity init;                  // its first process
  std::int64_t created_ns = 0;            // of Unix time
  std::uint32_t owner = 0;                // user id of the process that created it
  std::string cgroup;                     // path below each tree
  std::vector<std::string> cgroup_trees;  // io::cgroup::group::trees()
  bool is_creating = false;               // its creator is, or died, at work on it
};

// The container's directory <root>/<id>. Verbs that change a container hold it under an exclusive lock (flock(2)) and
// so come one after the other; hooks run meanwhile. Verbs that only look, or send a signal, take no lock: records are
// replaced as a whole.
// Lifecycle: create(), open() or look(); the destructor unlocks.
// Failure: throws errc::already_exists, errc::not_found and errc::invalid_argument with the words that callers look for
//   ("container with given ID already exists", "container does not exist", "invalid container ID format").
class container_directory {
 public:
  static container_directory create(const std::string& root, const std::string& id);
  static container_directory open(const std::string& root, const std::string& id);
  static container_directory look(const std::string& root, const std::string& id);  // without the lock
  // The ids in a root, sorted; none when the root is missing.
  static std::vector<std::string> list(const std::string& root);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

  // The record and the spec; absent in a directory whose creator died.
  [[nodiscard]] std::optional<container_record> load() const;
  [[nodiscard]] oci::runtime_spec load_spec() const;
  void save(const container_record& r) const;
  void save_spec(const oci::runtime_spec& spec) const;
  // The compiled seccomp filter of the spec; none when it has none, or was created by an lxr that kept none.
  [[nodiscard]] std::optional<io::seccomp::filter> load_filter() const;
  void save_filter(const io::seccomp::filter& f) const;
  // Whether another process holds the lock: a verb that changes the container is at work.
  [[nodiscard]] bool is_locked() const;
  // Whether its first process still waits to be started.
  [[nodiscard]] bool is_waiting() const;
  void mark_started() const;
  void remove() const;

 private:
  std::string id_, path_;
  unique_fd fd_;
  bool holds_lock_ = false;
};

}  // namespace lxr::runtime
