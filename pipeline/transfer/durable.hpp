// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "pipeline/transfer/pull_tools.hpp"

// Makes what a pull writes durable. With durability::none in the tools nothing is synced.
// Runs on: the loop's strand; blocking calls run on the pool or the file backend.
// Failure: the tasks throw lxr::error with errno.
// Cancel: terminal; a sync that has begun is waited for.
namespace lxr::transfer {

// Creates a file and syncs it.  Failure, Cancel: as above; the file stays.
task<void> write_durably(const pull_tools& tools, int directory, std::string name, std::string content);
// Syncs a file, or the names in a directory.  Failure, Cancel: as above.
task<void> sync_durably(const pull_tools& tools, int fd);
// A layer or image committed with durability::none carries a mark. If one of `directories` has it, or with `more`
// (another part needs a sync), syncs the store's filesystem and removes the marks.  Failure, Cancel: as above; the
// marks stay.
task<void> sync_marked(const pull_tools& tools, const std::vector<unique_fd>& directories, bool more);
// Makes an image durable that an earlier pull may have committed without a sync.  Failure, Cancel: as above.
task<void> make_durable(const pull_tools& tools, std::string image);

}  // namespace lxr::transfer
