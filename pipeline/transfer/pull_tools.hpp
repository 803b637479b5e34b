// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include "core/async/block_pool.hpp"
#include "core/async/semaphore.hpp"
#include "core/base/event_sink.hpp"
#include "io/file/file_backend.hpp"
#include "pipeline/layer/layer_target.hpp"
#include "pipeline/store/store.hpp"
#include "pipeline/transfer/source.hpp"

namespace lxr::transfer {

// What a pull borrows from its caller, who keeps all of it alive until the pull has returned.
struct pull_tools {
  const store::image_store& images;
  layer::store_driver driver;
  layer::durability safety;
  worker_pool& pool;
  block_pool& blocks;  // blocks of plain_block_size; more than layers_at_once
  io::file::file_backend& files;
  event_sink& events;
  layer::layer_limits limits = {};
  // Called once, when the config has been read and fits the platform.
  std::function<void(const std::string& image_id, const oci::image_config& config)> known = {};
  std::size_t parallel = layers_at_once;  // layers unpacked at the same time
  // How long this pull waits for another one that fetches a blob they both need: that process may be stopped, or very
  // slow. Then this pull fetches the blob, too.
  std::chrono::milliseconds claim_patience = std::chrono::minutes(2);
};

}  // namespace lxr::transfer
