#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::store {

// Removing images and what only they needed. An image lives as long as a name or a container refers to it, a layer as long
// as an image does. What goes is renamed away while the store is held alone, for an instant, and deleted after that.
// Runs on: any thread; blocks.

struct removed {
  std::vector<std::string> untagged;  // names, as users see them
  std::vector<std::string> deleted;   // images' ids
  std::uint64_t bytes = 0;            // given back to the disk
};

// What `lxr rmi WORD` does: takes the name away, and with its last name the image. An id stands for all names of the image;
// more than one need `force`. Throws errc::not_found; errc::conflict when a container uses the image, which `force` does
// not change.
removed remove_image(const instance& where, const std::string& word, bool force);

// Removes images without a name and layers without an image; `all`: every image that no container uses.
removed prune(const instance& where, bool all);

// Takes back what a commit that failed had made: an image (empty for none) unless somebody names or uses it, and what of these layers
// no image needs.
void take_back(const instance& where, const std::string& image, const std::vector<oci::digest>& layers);

// What the store holds.
struct usage {
  std::size_t images = 0, used_images = 0, layers = 0;
  std::uint64_t bytes = 0, reclaimable = 0;  // on disk; what prune(all) would give back
};
usage usage_of(const instance& where);

// The name of a container that needs this layer (a diff-id) or image; empty when none does.
std::string container_using(const instance& where, const std::string& hex);

}  // namespace lxr::store
