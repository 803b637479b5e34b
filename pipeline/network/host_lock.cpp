// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/host_lock.hpp"

#include <fcntl.h>

#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"

namespace lxr::network {

// Only root can open this file: a lock of the network namespace itself could be taken by any local user. One file for
// all namespaces: networks are rarely made, and a file per namespace would outlive it.
unique_fd lock_host_network() {
  unique_fd lock = file::open_at(AT_FDCWD, "/run/lxr-network.lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  file::lock(lock.get(), file::lock_kind::exclusive, "networks of this host");
  return lock;
}

}  // namespace lxr::network
