#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

// Mounted images, lent by the process that mounted them to other lxr processes of the instance. Each EROFS mount has a page
// cache of its own: mounting an image again reads its files again, which is most of what a start spends on its image, and
// holds them in memory once more. Nothing is visible to others, and nothing outlives the lender.
// Lifecycle: lend() writes down in STATE/mounts/<image id> who has which descriptors; that is stale once the lender is gone.
// Source: pidfd_getfd(2), Linux 5.6; it needs CAP_SYS_PTRACE over the lender.
namespace lxr::store {

// The mounts of an image, uppermost first. Empty when nobody lends them, or not to us.
std::vector<unique_fd> borrow(const instance& where, const std::string& image_id) noexcept;
// The caller keeps `mounts` open for as long as it lives, or takes them back first.
void lend(const instance& where, const std::string& image_id, const std::vector<unique_fd>& mounts) noexcept;
void take_back(const instance& where, const std::string& image_id) noexcept;

}  // namespace lxr::store
