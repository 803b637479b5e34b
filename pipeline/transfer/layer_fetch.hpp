// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async/keyed_once.hpp"
#include "core/async/waiter_list.hpp"
#include "core/oci/image_config.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/store/blob_claims.hpp"
#include "pipeline/transfer/hashing.hpp"
#include "pipeline/transfer/pull_tools.hpp"
#include "pipeline/transfer/unpack.hpp"

namespace lxr::transfer {

// The image that a pull is about, as far as it is known so far.
struct pulled_image {
  oci::reference name;
  oci::platform target;
  raw_manifest chosen = {};  // the manifest for the wanted platform
  oci::digest top = {};      // of the manifest or index that the name means
  oci::manifest manifest = {};
  std::string config_text = {};
  std::optional<oci::image_config> config = {};
  [[nodiscard]] std::string id() const { return manifest.config.content.hex(); }
};

// Fetches an image's config and layers, unpacks each layer into the pull's private directory under the name of its
// blob, and commits it when it is complete, so that the next pull finds it whatever becomes of this one. It waits for
// layers that another process fetches.
// Lifecycle: run(), and again for layers that were removed from the store meanwhile.
// Runs on: the loop's strand; long work on the pool.
// Owns: the claims on blobs and the budget.
// Borrows: all constructor arguments.
// Failure: run() throws lxr::error after all layers have stopped; committed layers stay.
// Cancel: terminal; as after a failure.
class layer_fetch {
 public:
  layer_fetch(const pull_tools& tools, source& from, pulled_image& image, const store::image_store::staging& staging)
      : tools_(tools), store_(tools.images), from_(from), image_(image), staging_(staging) {}

  // Fetches the config, unless it is known, and these layers, all at the same time.
  task<void> run(std::vector<std::size_t> layers);
  // The layers that this pull has committed.
  [[nodiscard]] const std::vector<oci::digest>& committed() const noexcept { return committed_; }
  // Gives up the claims: another process may remove the layers.
  void release_claims() noexcept { claims_.release(); }
  // Moves out the trees of layers that this pull unpacked, by position of the layer: they need not be read again.
  std::map<std::size_t, layer::loaded_tree> take_trees();
  // The budget of this pull, for all its layers and its image.
  layer::pull_budget& budget() noexcept { return budget_; }

 private:
  task<void> fetch_config();
  task<void> fetch_layer(std::size_t i);
  task<bool> fetch_blob(std::size_t i);
  task<bool> claim(const oci::descriptor& what);
  task<bool> fetch_claimed(std::size_t i);
  [[nodiscard]] bool staged(const oci::descriptor& what) const;
  task<void> commit(std::size_t i);
  task<void> sync_trees();
  // Returns why the driver cannot store the layer; "" when it did.
  task<std::string> unpack(std::size_t i, std::unique_ptr<blob_stream> stream, layer::store_driver driver);
  std::unique_ptr<layer::layer_target> make_target(unique_fd directory, layer::store_driver driver);
  progress_function progress_of(const oci::descriptor& what);
  void present(const oci::descriptor& what);

  const pull_tools& tools_;
  const store::image_store& store_;
  source& from_;
  pulled_image& image_;
  const store::image_store::staging& staging_;
  waiter_list configured_;
  layer::pull_budget budget_{tools_.limits};
  std::map<std::string, layer::loaded_tree> trees_;  // key: hex of the blob's digest
  bool has_trees_ = false;
  store::blob_claims claims_{store_.where()};
  std::vector<oci::digest> committed_;
  // Trees of files: finished ones, and those of them that a syncfs has made durable.
  std::uint64_t finished_ = 0, synced_ = 0;
  semaphore syncing_{1};
  semaphore layers_{tools_.parallel};
  semaphore zstd_layers_{8}, large_windows_{1};  // each such stream uses memory for its window
  semaphore extractions_{1}, writes_{8};
  hashing hashes_{tools_.pool};
  io::codec::zstd_contexts contexts_;
  keyed_once<std::string, bool> by_blob_;  // an image may hold the same layer twice
};

}  // namespace lxr::transfer
