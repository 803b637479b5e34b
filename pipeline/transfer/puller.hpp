#pragma once

#include <functional>

#include "core/async/block_pool.hpp"
#include "core/async/semaphore.hpp"
#include "core/base/event_sink.hpp"
#include "io/file/file_backend.hpp"
#include "pipeline/image_worker/client.hpp"
#include "pipeline/layer/layer_target.hpp"
#include "pipeline/transfer/source.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::image {

// What a pull works with. Borrowed; outlives it.
struct pull_tools {
  const store& images;
  store_driver driver;
  durability safety;
  worker_pool& pool;
  block_pool& blocks;  // more than layers_at_once, of plain_block_size
  io::file::file_backend& files;
  event_sink& events;
  layer_limits limits = {};
  std::function<void(const std::string& image_id)> known = {};  // called once the config was read and fits
  std::size_t parallel = layers_at_once;                        // layers unpacked at once
};

// Pulls one image into the store: the manifest, then its config and all layers at once, each layer in one pass
//   stream → SHA-256 → inflate → SHA-256 → tar → store driver
// into a private directory; committed by rename when digest, size and diff-id are right and the content is durable, then
// named. What the name means is asked for first where the store has it: a pull of what is there is one round trip.
// Runs on: the loop's strand; hashing, inflating and file creation on the pool.
// Failure: throws; nothing half-made is visible, and the private directory is removed.  Cancel: terminal; the same.
task<pull_result> pull_image(pull_tools tools, source& from, oci::reference name, std::string architecture);

}  // namespace lxr::image
