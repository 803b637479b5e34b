#pragma once

#include <functional>
#include <memory>

#include "core/async/offload.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "io/file/file_backend.hpp"
#include "pipeline/image/source.hpp"

namespace lxr::image {

// Called with the number of compressed bytes received so far.
using progress_function = std::function<void(std::uint64_t)>;

struct unpacked_layer {
  std::uint64_t bytes = 0;  // of all files
};

// Streams one layer into an empty directory: three stages joined by bounded channels, hash and inflate on one pool
// thread while another creates files. `extractions` bounds how many layers create files at the same moment: on ext4 two
// that do get in each other's way. Verifies size and digest of the blob and the diff-id of its content.
// Failure: throws error{errc::corrupt} for wrong content; the directory is then to be discarded.  Cancel: terminal.
task<unpacked_layer> unpack_layer(std::unique_ptr<blob_stream> from, oci::descriptor what, oci::digest diff_id,
                                  unique_fd directory, worker_pool& pool, io::file::file_backend& files,
                                  semaphore& extractions, progress_function progress);

}  // namespace lxr::image
