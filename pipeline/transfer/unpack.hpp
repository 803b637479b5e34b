// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "io/codec/decoder.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/layer/layer_target.hpp"
#include "pipeline/transfer/hashing.hpp"
#include "pipeline/transfer/source.hpp"

namespace lxr::transfer {

// Called with the number of compressed bytes received so far.
using progress_function = std::function<void(std::uint64_t)>;

// What unpack_layer() borrows from its caller until it returns.
struct unpack_tools {
  worker_pool& pool;
  hashing& hashes;
  io::codec::zstd_contexts& contexts;
  block_pool& blocks;  // of plain_block_size; more blocks than layers are unpacked at the same time
  event_sink& events;  // receives a span for each stage
  layer::pull_budget& budget;
  semaphore& zstd_layers;    // bounds zstd streams that are unpacked at the same time
  semaphore& large_windows;  // bounds those of them with a window of more than 8 MiB
};
constexpr std::size_t plain_block_size = 1u << 20;  // bytes

// Streams one layer to its target, by stages that bounded channels join: receive and hash, inflate, hash, store; each
// has at most one block on the pool. Verifies size and digest of the blob and the diff-id of its content.
// Runs on: the loop's strand; hashing and inflating run on the pool.
// Failure: throws error{errc::corrupt} for wrong content, and what source and target throw; the caller discards what
//   the target stored.
// Cancel: terminal; the same.
task<layer::stored_layer> unpack_layer(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id,
                                       layer::layer_target& target, unpack_tools tools, progress_function progress);

}  // namespace lxr::transfer
