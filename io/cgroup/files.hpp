// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The files of a group's directory.
namespace lxr::io::cgroup {

// One write(2), as these files want it. False with errno set when the file is missing or the kernel refuses the value.
bool write_file(const std::string& path, const std::string& value) noexcept;
// The whole content; none when the file, or the group, is gone.
std::optional<std::string> read_file(const std::string& path);
// The number after `key` in a file of lines "KEY NUMBER"; 0 when it is not there.
std::uint64_t number_after(const std::string& text, const std::string& key);
// The processes in a group and in those below it.
std::vector<pid_t> processes_below(const std::string& directory);
// The groups below one, the deepest first; not itself.
std::vector<std::string> groups_below(const std::string& directory);

}  // namespace lxr::io::cgroup
