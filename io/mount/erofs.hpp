// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// Returns a detached, read-only mount (nodev) of an EROFS index. The `data` files are its extra devices, in this order,
// and hold the content of its files; all are regular files, so no loop device is used.
// Source: Documentation/filesystems/erofs.rst, "device="; needs Linux 6.12.
// Failure: throws error{errc::unsupported} when the kernel cannot mount EROFS from files, error{errc::corrupt} when it
//   refuses the index.
unique_fd mount_erofs(int index, std::span<const unique_fd> data);

}  // namespace lxr::io::mount
