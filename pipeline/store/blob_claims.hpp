// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "core/instance/paths.hpp"
#include "core/oci/digest.hpp"

namespace lxr::store {

// The blobs that one pull fetches or uses, as seen by all processes that share the store. A blob is one byte of the
// file ROOT/claims, under an open file description lock (fcntl(2)): a write lock while its layer is being fetched, a
// read lock while a pull needs its committed layer. The locks end with the process, and two pulls of one process see
// each other too.
// Lifecycle: fetch() and use() add claims; release() or the destructor gives up all of them, and the object is used up.
// Runs on: any thread; never waits for another pull.
// Owns: the descriptor that holds the locks.
// Failure: throws lxr::error when the file cannot be opened or locked for another reason than a claim.
class blob_claims {
 public:
  explicit blob_claims(const instance& where);

  // Claims the blob for fetching. Returns false when another pull fetches or uses it.
  bool fetch(const oci::digest& blob);
  // Claims the blob for use; turns a claim to fetch into one. Returns false when another pull fetches it.
  bool use(const oci::digest& blob);
  // Gives up all claims. Call nothing after it.
  void release() noexcept { file_.reset(); }

 private:
  unique_fd file_;
};

// Returns the layers (hex of their diff-ids) of committed blobs that any pull claims: an image that is about to be
// committed needs them.
std::set<std::string> claimed_layers(const instance& where);

}  // namespace lxr::store
