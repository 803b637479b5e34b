// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::store {

// Removal of images, and of layers that no other image needs. The store keeps an image while a name or a container
// refers to it, and a layer while an image does. A removal renames objects into the trash under lock_alone(), which
// takes an instant, and deletes them after it has freed the lock. Runs on: any thread; blocks.

struct removed {
  std::vector<std::string> untagged;  // names, as users see them
  std::vector<std::string> deleted;   // ids of images
  std::uint64_t bytes = 0;            // bytes of disk space that were freed
};

// Does what `lxr rmi WORD` does. A name is removed, and with its last name the image. An id stands for all names of the
// image; more than one need `force`.
// Failure: throws errc::not_found; errc::conflict when a container uses the image (whatever `force` is) or `force` is
//   needed.
removed remove_image(const instance& where, const std::string& word, bool force);

// Removes images without a name and layers without an image; with `all`, every image that no container uses.
removed prune(const instance& where, bool all);

// Undoes a commit after a later step has failed. Removes
// - image `image` ("": none), unless a name or a container refers to it;
// - those of `layers` that no image and no pull in progress needs.
void take_back(const instance& where, const std::string& image, const std::vector<oci::digest>& layers);

// What the store holds; `reclaimable` is what prune(all) would free.
struct usage {
  std::size_t images = 0, used_images = 0, layers = 0;
  std::uint64_t bytes = 0, reclaimable = 0;  // bytes on disk
};
usage usage_of(const instance& where);

// Returns the name of a container that needs this layer (hex of a diff-id) or image; "" when none does.
std::string container_using(const instance& where, const std::string& hex);

}  // namespace lxr::store
