// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

// Mounted images that the process which mounted them lends to other lxr processes of the instance. Each EROFS mount has
// a page cache of its own: to mount an image a second time reads its files again, which is most of what a start spends
// on its image, and keeps them in memory twice. The mounts are detached: no other process sees them, and they end with
// the lender.
// Lifecycle: lend() records in STATE/mounts/<image id> the lender's process and descriptor numbers; the record is stale
//   once the lender has ended.
// Runs on: any thread.
// Failure: none; without a loan the caller mounts the image itself.
// Source: pidfd_getfd(2), Linux 5.6; it needs CAP_SYS_PTRACE over the lender.
namespace lxr::store {

// Returns the mounts of an image, uppermost first. Empty when no process lends them, when the image's index has changed
// since, or when the kernel refuses.
std::vector<unique_fd> borrow(const instance& where, const std::string& image_id) noexcept;
// Offers `mounts` to others. The caller keeps them open as long as it lives, or calls take_back() first.
void lend(const instance& where, const std::string& image_id, const std::vector<unique_fd>& mounts) noexcept;
// Removes the record of the image's loan.
void take_back(const instance& where, const std::string& image_id) noexcept;

}  // namespace lxr::store
