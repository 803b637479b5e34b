#pragma once

#include <set>
#include <string>

#include "core/oci/digest.hpp"
#include "core/instance/paths.hpp"

namespace lxr::store {

// Which blobs a pull fetches or uses, for all processes that share the store. Each blob is one byte of a file in the store's root,
// locked for writing while its layer is being fetched and for reading while a pull needs the layer that is there (open file
// description locks, fcntl(2)): they end with the process, and two pulls of one process see each other, too.
// Lifecycle: claims are kept until the object is destroyed.  Runs on: any thread; never blocks.
class blob_claims {
 public:
  explicit blob_claims(const instance& where);

  // False when another pull fetches or uses the blob.
  bool fetch(const oci::digest& blob);
  // Also turns a claim to fetch into one to use. False when another pull fetches the blob.
  bool use(const oci::digest& blob);
  // Gives all of them up; there are no others after it.
  void release() noexcept { file_.reset(); }

 private:
  unique_fd file_;
};

// The layers (diff-ids, in hex) of committed blobs that some pull claims: an image will need them in a moment.
std::set<std::string> claimed_layers(const instance& where);

}  // namespace lxr::store
