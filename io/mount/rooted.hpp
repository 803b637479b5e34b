#pragma once

#include <optional>
#include <string>

#include "core/base/unique_fd.hpp"

// Access below a root directory that may hold anything: by descriptor, resolved inside it, never through a magic link
// (openat2(2) RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS).
namespace lxr::io::mount {

// open_in_root() (core/base/in_root.hpp) for a string: a descriptor, or -1 and errno.
int try_open_rooted(int root, const std::string& path, int flags);
// Empty when nothing is there. `flags` as open(2); O_CLOEXEC and O_NONBLOCK are added.
std::optional<unique_fd> open_rooted(int root, const std::string& path, int flags);
// A regular file, opened for reading; empty when nothing is there. Nothing else is ever opened for reading: a FIFO, a device or a
// directory throws error{errc::corrupt}.
std::optional<unique_fd> open_regular_file(int root, const std::string& path);
// The content of a regular file of at most `limit` bytes; empty when absent. Anything else (a FIFO, a device, too large)
// throws error{errc::corrupt}.
std::optional<std::string> read_rooted(int root, const std::string& path, std::size_t limit = 1u << 20);

}  // namespace lxr::io::mount
