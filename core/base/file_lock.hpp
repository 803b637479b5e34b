// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

// Locks of whole files and directories between processes, by flock(2).
// A lock belongs to the open file: it is freed by unlock(), by closing the last descriptor of that open file, and by
// the kernel when the process dies. Locks on one byte of a file (fcntl(2)) are pipeline/store/blob_claims.
namespace lxr::file {

enum class lock_kind {
  shared,    // any number of holders at a time
  exclusive  // one holder, and none of the shared kind
};

// Waits until no other open file holds a lock that excludes this one.
// Failure: throws lxr::error for "lock `name`".
void lock(int fd, lock_kind kind, const std::string& name);
// Takes the lock without waiting. Returns false while another open file holds a lock that excludes it.
// Failure: throws lxr::error for "lock `name`".
[[nodiscard]] bool try_lock(int fd, const std::string& name, lock_kind kind = lock_kind::exclusive);
void unlock(int fd) noexcept;

// Makes the directory below `base` if missing and takes its lock; waits at most 2 s for another holder, because the
// caller may supervise containers meanwhile. Closing the returned descriptor frees it.
// Failure: throws errc::conflict when another process still holds the lock, naming `what`.
unique_fd lock_directory(int base, const std::string& directory, lock_kind kind, const std::string& what);

}  // namespace lxr::file
