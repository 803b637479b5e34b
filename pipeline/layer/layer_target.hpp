// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/async/block_pool.hpp"
#include "core/async/channel.hpp"
#include "core/async/offload.hpp"
#include "core/async/semaphore.hpp"
#include "core/base/bytes.hpp"
#include "core/base/unique_fd.hpp"
#include "io/erofs/tree.hpp"
#include "io/file/file_backend.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/layer/layer_files.hpp"

namespace lxr::layer {

// Blocks of a layer's uncompressed tar; all but the last are full.
using plain_blocks = bounded_channel<byte_block>;

// What a target has stored.
struct stored_layer {
  std::uint64_t bytes = 0;                 // bytes of all files
  std::uint64_t tar_bytes = 0;             // bytes of data.tar that belong to the layer; erofs only
  std::optional<io::erofs::tree> members;  // erofs only
  std::optional<memory_share> memory;      // memory that `members` uses
  // Not empty: the reason why this driver cannot store the layer; another driver may. The other members are then
  // meaningless. A layer that no driver can store makes store() throw.
  std::string obstacle;
};

// Stores the uncompressed tar of one layer: the writing half of a store driver.
// Lifecycle: made for an empty directory; store() is called once.
// Runs on: the loop's strand; unpacking and blocking calls run on the pool.
// Borrows: everything in target_tools, and the channel.
// Failure: store() throws lxr::error; the caller discards the directory then.
// Cancel: terminal; writes that have begun are waited for, and the caller discards the directory.
class layer_target {
 public:
  virtual ~layer_target() = default;
  // Takes blocks until the channel is closed. On return the layer is as durable as target_tools::safety asks of this
  // driver.
  virtual task<stored_layer> store(plain_blocks& plain) = 0;
};

// Whether a committed layer survives a power loss. `full`: the erofs driver syncs the two files of a layer while other
// layers still stream; the directory driver leaves that to image_store::sync().
enum class durability { full, none };

// What a target borrows from its caller until store() has returned.
struct target_tools {
  worker_pool& pool;
  io::file::file_backend& files;
  semaphore& extractions;  // layers that create files at the same time: on ext4 two of them slow each other down
  semaphore& writes;       // pieces of large files that are being written at the same time
  pull_budget& budget;
  durability safety = durability::full;
};

std::unique_ptr<layer_target> make_directory_target(unique_fd directory, target_tools tools);
std::unique_ptr<layer_target> make_erofs_target(unique_fd directory, target_tools tools);

}  // namespace lxr::layer
