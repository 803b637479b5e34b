// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/base/unique_fd.hpp"

// Access to files below a root directory whose content is not trusted. Paths are resolved inside the root, by
// descriptor, and never through a magic link (openat2(2) RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS).
namespace lxr::io::mount {

// open_in_root() (core/base/in_root.hpp) with a std::string: returns a descriptor, or -1 and sets errno.
int try_open_rooted(int root, const std::string& path, int flags);
// Returns nullopt when the path leads nowhere (ENOENT, ENOTDIR, ELOOP). `flags` as for open(2); O_CLOEXEC is added and,
// without O_PATH, O_NONBLOCK and O_NOCTTY.
std::optional<unique_fd> open_rooted(int root, const std::string& path, int flags);
// Opens a regular file for reading; nullopt when the path leads nowhere. Throws error{errc::corrupt} for a FIFO, a
// device or a directory, without opening it for reading.
std::optional<unique_fd> open_regular_file(int root, const std::string& path);
// Returns the content of a regular file; nullopt when the path leads nowhere. Throws error{errc::exhausted} for more
// than `limit` bytes, error{errc::corrupt} for anything but a regular file.
std::optional<std::string> read_rooted(int root, const std::string& path, std::size_t limit = 1u << 20);

}  // namespace lxr::io::mount
