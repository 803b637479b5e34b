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

// Plain blocks of a layer's tar; all are full but the last.
using plain_blocks = bounded_channel<byte_block>;

// What a target stored.
struct stored_layer {
  std::uint64_t bytes = 0;                  // of all files
  std::uint64_t tar_bytes = 0;              // of data.tar that are the layer's, of the erofs driver
  std::optional<io::erofs::tree> members;   // of the erofs driver
  std::optional<memory_share> memory;       // that the members take
  // Why this driver cannot store the layer, though another one may; then nothing else here counts. What no driver stores is thrown.
  std::string obstacle;
};

// Where the plain bytes of one layer go: the writing half of a store driver. Made for an empty directory, used once.
// Runs on: the loop's strand; what takes time on the pool.  Borrows: what it is made with.
// Failure: throws; the directory is then to be discarded.  Cancel: terminal, writes that began are waited for.
class layer_target {
 public:
  virtual ~layer_target() = default;
  // Takes blocks until the channel is closed; what it stored is then durable as far as the driver says (see durability).
  virtual task<stored_layer> store(plain_blocks& plain) = 0;
};

// Whether a committed layer survives a power loss. `full`: the erofs driver syncs a layer's two files while others still
// stream; the directory driver leaves it to the store's one syncfs.
enum class durability { full, none };

struct target_tools {
  worker_pool& pool;
  io::file::file_backend& files;
  semaphore& extractions;  // how many layers create files at the same moment: on ext4 two that do get in each other's way
  semaphore& writes;       // how many pieces of large files are on their way to the disk
  pull_budget& budget;
  durability safety = durability::full;
};

std::unique_ptr<layer_target> make_directory_target(unique_fd directory, target_tools tools);
std::unique_ptr<layer_target> make_erofs_target(unique_fd directory, target_tools tools);

}  // namespace lxr::layer
