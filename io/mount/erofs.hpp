#pragma once

#include <span>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// A detached, read-only mount of an EROFS index whose files' content lies in the `data` files, its extra devices in this
// order; all are regular files, and no loop device is used. Source: Documentation/filesystems/erofs.rst, "device="; needs Linux 6.12.
// Throws error{errc::unsupported} when the kernel cannot do that.
unique_fd mount_erofs(int index, std::span<const unique_fd> data);

}  // namespace lxr::io::mount
