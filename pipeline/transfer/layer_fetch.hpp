#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async/keyed_once.hpp"
#include "core/async/waiter_list.hpp"
#include "core/oci/image_config.hpp"
#include "pipeline/store/blob_claims.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/transfer/hashing.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/transfer/pull_tools.hpp"
#include "pipeline/transfer/unpack.hpp"

namespace lxr::transfer {

// The image that a pull is about, as far as it is known by now.
struct pulled_image {
  oci::reference name;
  oci::platform target;
  raw_manifest chosen = {};  // for this platform
  oci::digest top = {};      // of what the name means: the same, or the index that led to it
  oci::manifest manifest = {};
  std::string config_text = {};
  std::optional<oci::image_config> config = {};
  [[nodiscard]] std::string id() const { return manifest.config.content.hex(); }
};

// Fetches an image's config, unpacks its layers into the private directory of a pull, each under the name of its blob, and commits
// each when it is done: whatever becomes of this pull, the next one finds it. What another process fetches is waited for.
// Lifecycle: run(), which may be called again for layers that went missing.  Runs on: the loop's strand.
// Borrows: all it is made with.  Failure: run() throws; layers that are whole stay.  Cancel: terminal.
class layer_fetch {
 public:
  layer_fetch(const pull_tools& tools, source& from, pulled_image& image, const store::image_store::staging& staging)
      : tools_(tools), store_(tools.images), from_(from), image_(image), staging_(staging) {}

  // The config, unless it is there, and these layers, all asked for at once.
  task<void> run(std::vector<std::size_t> layers);
  // Layers that the store has since this pull.
  [[nodiscard]] const std::vector<oci::digest>& committed() const noexcept { return committed_; }
  // Others may take what was committed.
  void release_claims() noexcept { claims_.release(); }
  // The listings of layers that this pull just made, by their places; they need not be read again. Gives them away.
  std::map<std::size_t, layer::ready_tree> take_trees();
  // What this pull may still take; for all its layers and its image.
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
  // Returns why this driver cannot store the layer; empty when it did.
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
  std::map<std::string, layer::ready_tree> trees_;  // by blob
  bool has_trees_ = false;
  store::blob_claims claims_{store_.where()};
  std::vector<oci::digest> committed_;
  std::uint64_t finished_ = 0, synced_ = 0;  // trees: how many were done, and how many of these a syncfs has made durable
  semaphore syncing_{1};
  semaphore layers_{tools_.parallel};
  semaphore zstd_layers_{8}, large_windows_{1};  // each takes a window of memory
  semaphore extractions_{1}, writes_{8};
  hashing hashes_{tools_.pool};
  io::codec::zstd_contexts contexts_;
  keyed_once<std::string, bool> by_blob_;  // an image may hold the same layer twice
};

}  // namespace lxr::transfer
