// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pipeline/store/store.hpp"

// Commits what a pull made in its private directory: one rename makes it visible. The caller holds
// image_store::lock_shared().
// Failure: throws lxr::error; what was not renamed stays in the private directory.
namespace lxr::store {

// Renames directory `blob` of the private directory to layers/<diff-id>, and records in blobs/ which layer the blob is.
// Returns true when our copy is the committed one; false when there is no such directory, or when an intact layer was
// committed first.
bool commit_layer(const image_store& images, const image_store::staging& from, const oci::digest& blob,
                  const oci::digest& diff_id);

// Renames directory `name` of the private directory to images/<id>; replaces an image there that is not whole.
// Returns true when our copy is the committed one; false when an intact one was committed first.
// Failure: throws errc::conflict when images/<id> is not whole, has a root/ and is used by a container.
bool commit_image(const image_store& images, const image_store::staging& from, const std::string& name,
                  const std::string& id);

}  // namespace lxr::store
