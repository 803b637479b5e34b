// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lxr::io::process {

// While an object of this class lives, the calling thread has other ids at filesystems, and all of its capabilities
// (setfsuid(2), capset(2)): a directory whose ids are mapped takes new files only from a user that it knows, and
// overlayfs works with the credentials of its mounter. With 0 and 0 it does nothing.
// Lifecycle: the destructor changes back to 0.
// Runs on: one thread, which is root.
// Failure: the constructor throws lxr::error when the capabilities cannot be kept; the ids are 0 then.
class acting_as {
 public:
  acting_as(std::uint32_t uid, std::uint32_t gid);
  ~acting_as();
  acting_as(const acting_as&) = delete;
  acting_as& operator=(const acting_as&) = delete;

 private:
  bool changes_;
};

}  // namespace lxr::io::process
