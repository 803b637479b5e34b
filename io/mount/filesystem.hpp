// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// Returns a new filesystem of this type as a detached mount (fsopen(2), fsmount(2), Linux 5.2). `words`: "size=64k".
// Failure: throws lxr::error that names the word that the kernel refuses.
unique_fd make_filesystem(const std::string& type, const std::vector<std::string>& words);

}  // namespace lxr::io::mount
