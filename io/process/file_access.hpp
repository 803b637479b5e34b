// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::io::process {

enum class file_access {
  read,  // files and directories
  all    // but for executing
};

// A file, or a directory with all below it.
struct file_rule {
  std::string path;
  file_access access;
};

// From now on this process and its children can open, change and make only what the rules allow; what is open stays
// open. Paths that do not exist are ignored. Without Landlock (Linux 5.13) it does nothing.
// Needs no_new_privs or CAP_SYS_ADMIN.
// Source: landlock(7).
// Failure: throws lxr::error.
void restrict_files(const std::vector<file_rule>& rules);

}  // namespace lxr::io::process
