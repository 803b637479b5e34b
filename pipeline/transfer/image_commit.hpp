#pragma once

#include <optional>
#include <vector>

#include "pipeline/transfer/layer_fetch.hpp"

namespace lxr::transfer {

// Makes an image of layers that are in the store, and commits it.
// Lifecycle: open_layers(), prepare(), then commit() under the store's shared lock; from the beginning again when another
// process changed the store meanwhile. take_back() after a failure.
// Runs on: the loop's strand; what takes time on the pool.  Borrows: all it is made with.
class image_commit {
 public:
  image_commit(const pull_tools& tools, const pulled_image& image, const store::image_store::staging& staging, layer_fetch& layers)
      : tools_(tools), store_(tools.images), image_(image), staging_(staging), layers_(layers) {}

  // Layers that are not in the store. Throws errc::corrupt for a blob that the store knows as another layer.
  [[nodiscard]] std::vector<std::size_t> missing() const;
  // Empty when one is missing.
  [[nodiscard]] std::optional<std::vector<unique_fd>> open_layers() const;
  // Content first, then the names that make it visible: after a power loss what is named is whole.
  task<void> prepare(const std::vector<unique_fd>& layers);
  // False when another process has just committed the image, which is not named then.
  bool commit();
  // Takes away an image that commit() had made and not named, and where the disk is full also the layers of this pull: else they
  // are what the next one need not fetch.
  void take_back(const std::exception_ptr& failure) noexcept;

 private:
  const pull_tools& tools_;
  const store::image_store& store_;
  const pulled_image& image_;
  const store::image_store::staging& staging_;
  layer_fetch& layers_;
  bool fresh_image_ = false;
};

// True when they are the same directories.
bool same_directories(const std::vector<unique_fd>& some, const std::vector<unique_fd>& others);

}  // namespace lxr::transfer
