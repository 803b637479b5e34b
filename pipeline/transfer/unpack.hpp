#pragma once

#include <functional>
#include <memory>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "io/codec/decoder.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/transfer/hashing.hpp"
#include "pipeline/layer/layer_target.hpp"
#include "pipeline/transfer/source.hpp"

namespace lxr::transfer {

// Called with the number of compressed bytes received so far.
using progress_function = std::function<void(std::uint64_t)>;

struct unpack_tools {
  worker_pool& pool;
  hashing& hashes;
  io::codec::zstd_contexts& contexts;
  block_pool& blocks;  // of plain_block_size; more of them than layers are unpacked at once
  event_sink& events;  // gets a span for each stage
  layer::pull_budget& budget;
  semaphore& zstd_layers;    // how many zstd streams are unpacked at once
  semaphore& large_windows;  // how many zstd streams with more than the usual window are unpacked at once
};
constexpr std::size_t plain_block_size = 1u << 20;

// Streams one layer to its target: stages joined by bounded channels (receive and hash, inflate, hash, store), each with one
// block on the pool at a time. Verifies size and digest of the blob and the diff-id of its content.
// Failure: throws error{errc::corrupt} for wrong content; what the target stored is then to be discarded.  Cancel: terminal.
task<layer::stored_layer> unpack_layer(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id, layer::layer_target& target,
                                unpack_tools tools, progress_function progress);

}  // namespace lxr::transfer
