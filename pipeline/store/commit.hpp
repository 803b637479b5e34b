#pragma once

#include <string>

#include "pipeline/store/store.hpp"

// What a pull made in its private directory becomes visible by one rename. The caller holds the store shared.
// Failure: throws; the private directory keeps what was not renamed.
namespace lxr::store {

// Renames directory `blob` of the private directory to layers/<diff-id>, and notes in blobs/ which layer the blob is.
// Returns true when our copy is the committed one; false when it is missing, or an intact one was there first.
bool commit_layer(const image_store& images, const image_store::staging& from, const oci::digest& blob, const oci::digest& diff_id);

// Renames directory `name` of the private directory to images/<id>, in place of one there that is not whole.
// Returns true when our copy is the committed one; false when an intact one was there first.
// Throws errc::conflict when one that is not whole is there and a container uses it.
bool commit_image(const image_store& images, const image_store::staging& from, const std::string& name, const std::string& id);

}  // namespace lxr::store
