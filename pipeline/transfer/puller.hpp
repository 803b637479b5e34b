// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pipeline/transfer/pull_request.hpp"
#include "pipeline/transfer/pull_tools.hpp"

namespace lxr::transfer {

// Pulls one image into the store. First the manifest; then the config and all layers at the same time, each layer in
// one pass into a private directory:
//   stream → SHA-256 → inflate → SHA-256 → tar → store driver
// A layer is committed by a rename once its size, digest and diff-id are right; the image is committed and named last,
// when its content is durable. When the store has an image of this name, the source is asked for the digest first:
// pulling an unchanged image takes one round trip.
// Runs on: the loop's strand; hashing, inflating and file creation run on the pool.
// Failure: throws lxr::error; the private directory is removed, and nothing incomplete is visible. Complete layers
//   stay, unless the disk is full.
// Cancel: terminal; the same state remains.
task<pull_result> pull_image(pull_tools tools, source& from, oci::reference name, std::string architecture);

}  // namespace lxr::transfer
