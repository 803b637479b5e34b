#pragma once

#include <string>
#include <vector>

#include "pipeline/transfer/pull_tools.hpp"

// How what a pull writes becomes durable; where its tools say durability::none, nothing is synced.
namespace lxr::transfer {

// Writes a new file and syncs it.
task<void> write_durably(const pull_tools& tools, int directory, std::string name, std::string content);
// Syncs a file, or the names in a directory.
task<void> sync_durably(const pull_tools& tools, int fd);
// Directories of layers and images are marked until they are synced. When one of these is, or with `more` (something else needs
// it), the store is synced, and the marks are taken away.
task<void> sync_marked(const pull_tools& tools, const std::vector<unique_fd>& directories, bool more);
// Syncs what an earlier pull committed of this image without syncing it.
task<void> make_durable(const pull_tools& tools, std::string image);

}  // namespace lxr::transfer
