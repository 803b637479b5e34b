// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr::volume {

// Copies the content of one directory into another one, which is empty: files, directories, symbolic links, devices,
// pipes, hard links among them, owners, modes, times and extended attributes. The attributes of the directory itself
// are copied too. Follows no symbolic link and no mount.
// Runs on: any thread; blocks.
// Failure: throws lxr::error naming the path; what was copied by then stays.
void copy_tree(int from, int to, const std::string& name);

}  // namespace lxr::volume
