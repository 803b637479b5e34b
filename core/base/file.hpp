// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/unique_fd.hpp"

// Small files of lxr's own directories (never of a rootfs), by directory descriptor and relative name.
namespace lxr::file {

// openat(2) with O_CLOEXEC; throws error{operation "open", `name`}.
unique_fd open_at(int dir, const std::string& name, int flags, mode_t mode = 0600);
// The same, but an empty optional when the file does not exist.
std::optional<unique_fd> try_open_at(int dir, const std::string& name, int flags);
// Opens a directory, making it and its parents (0700) if needed.
unique_fd make_directories(const std::string& path);
// False when it was there already.
bool make_directory_at(int dir, const std::string& name, mode_t mode = 0700);

// The content of /proc/PID/NAME (proc(5)); empty when the process is gone or going.
std::optional<std::string> read_of_process(pid_t pid, const std::string& name);

// The whole content; at most `limit` bytes, more is errc::exhausted. Empty optional when it does not exist. A read of
// fewer bytes than were asked for is taken as the end: so it is for regular files, and for files of sysfs. The many
// lines that procfs and cgroups make in pieces are for read_all().
std::optional<std::string> read_at(int dir, const std::string& name, std::size_t limit = 4u << 20);
std::string read_all(int fd, const std::string& name, std::size_t limit = 4u << 20);
void write_all(int fd, std::string_view content, const std::string& name);
// Writes under a private name (with a dot in front) and renames over `name`; readers see the old or the new content,
// never a part. With `sync` that is also true of what a power loss leaves.
void replace_at(int dir, const std::string& name, std::string_view content, mode_t mode = 0600, bool sync = false);

// Names in a directory, without . and ..; empty when the directory does not exist.
std::vector<std::string> list_at(int dir, const std::string& name);
// Bytes on disk of a file or of everything in a tree (du(1)), hard links counted once for each name; 0 when it does not
// exist.
std::uint64_t disk_usage_at(int dir, const std::string& name);
// Removes a tree without following symlinks; a missing tree is not an error.
void remove_tree_at(int dir, const std::string& name);

}  // namespace lxr::file
