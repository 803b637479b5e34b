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

// openat(2) with O_CLOEXEC. Throws lxr::error for "open `name`".
unique_fd open_at(int dir, const std::string& name, int flags, mode_t mode = 0600);
// The same; returns nullopt for ENOENT and ENOTDIR.
std::optional<unique_fd> try_open_at(int dir, const std::string& name, int flags);
// Opens a directory; creates it with mode 0700 if missing, and missing parents with mode 0755.
unique_fd make_directories(const std::string& path);
// Returns false when the directory exists already.
bool make_directory_at(int dir, const std::string& name, mode_t mode = 0700);

// Returns the content of /proc/PID/NAME (proc(5)); nullopt when the process has ended or its file cannot be read.
std::optional<std::string> read_of_process(pid_t pid, const std::string& name);

// Returns the whole content; nullopt when the file does not exist. Throws errc::exhausted for more than `limit` bytes.
// A read(2) of fewer bytes than were asked for counts as the end of the file, which is true of regular files and of
// sysfs. Files of procfs and cgroups may come in several pieces: read these by read_all().
std::optional<std::string> read_at(int dir, const std::string& name, std::size_t limit = 4u << 20);
// Returns the content of an open file from its position on, until read(2) returns no bytes. Throws as read_at().
std::string read_all(int fd, const std::string& name, std::size_t limit = 4u << 20);
void write_all(int fd, std::string_view content, const std::string& name);
// Writes a hidden file (its name begins with a dot) and renames it to `name`: readers see either the old or the new
// content. With `sync` the same is true after a power loss.
void replace_at(int dir, const std::string& name, std::string_view content, mode_t mode = 0600, bool sync = false);

// Returns the names in a directory except "." and ".."; none when the directory does not exist.
std::vector<std::string> list_at(int dir, const std::string& name);
// Returns the bytes on disk (as du(1) counts) of a file or of a tree down to 64 levels; counts a file once for each of
// its names. Returns 0 when it does not exist.
std::uint64_t disk_usage_at(int dir, const std::string& name);
// Removes a file or tree and follows no symbolic link. A missing one is no error.
void remove_tree_at(int dir, const std::string& name);

}  // namespace lxr::file
