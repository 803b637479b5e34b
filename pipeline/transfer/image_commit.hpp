// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "pipeline/transfer/layer_fetch.hpp"

namespace lxr::transfer {

// Builds an image from layers of the store and commits it.
// Lifecycle: open_layers(), prepare(), then commit() under the store's shared lock. When another process has changed
//   the store meanwhile, all of it again. take_back() after a failure.
// Runs on: the loop's strand; long work on the pool.
// Borrows: all constructor arguments.
// Failure: throws lxr::error; the private directory keeps what was not renamed.
// Cancel: terminal; work on the pool that has begun is waited for.
class image_commit {
 public:
  image_commit(const pull_tools& tools, const pulled_image& image, const store::image_store::staging& staging,
               layer_fetch& layers)
      : tools_(tools), store_(tools.images), image_(image), staging_(staging), layers_(layers) {}

  // Returns the positions of layers that the store lacks. Throws errc::corrupt for a blob that the store has as another
  // layer.
  [[nodiscard]] std::vector<std::size_t> missing() const;
  // Opens the directories of all layers; nullopt when one is missing.
  [[nodiscard]] std::optional<std::vector<unique_fd>> open_layers() const;
  // Builds the image in the private directory, and makes its content durable before any name refers to it: after a
  // power loss a named image is complete.
  task<void> prepare(const std::vector<unique_fd>& layers);
  // Commits the image and its name. Returns false, and sets no name, when another process has just committed it.
  bool commit();
  // After `failure`: removes the image if commit() made it; on a full disk also the layers that this pull committed.
  // Otherwise these stay, and the next pull need not fetch them.
  void take_back(const std::exception_ptr& failure) noexcept;

 private:
  const pull_tools& tools_;
  const store::image_store& store_;
  const pulled_image& image_;
  const store::image_store::staging& staging_;
  layer_fetch& layers_;
  bool fresh_image_ = false;
};

// Returns true when both lists are the same directories, by inode.
bool same_directories(const std::vector<unique_fd>& some, const std::vector<unique_fd>& others);

}  // namespace lxr::transfer
