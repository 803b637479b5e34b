#pragma once

#include <string>

#include "pipeline/transfer/pull_request.hpp"
#include "pipeline/transfer/pull_tools.hpp"

namespace lxr::transfer {

// Pulls one image into the store: the manifest, then its config and all layers at once, each layer in one pass
//   stream → SHA-256 → inflate → SHA-256 → tar → store driver
// into a private directory; committed by rename when digest, size and diff-id are right and the content is durable, then
// named. What the name means is asked for first where the store has it: a pull of what is there is one round trip.
// Runs on: the loop's strand; hashing, inflating and file creation on the pool.
// Failure: throws; nothing half-made is visible, and the private directory is removed.  Cancel: terminal; the same.
task<pull_result> pull_image(pull_tools tools, source& from, oci::reference name, std::string architecture);

}  // namespace lxr::transfer
