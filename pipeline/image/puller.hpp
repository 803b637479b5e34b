#pragma once

#include <functional>

#include "core/async/keyed_once.hpp"
#include "core/async/semaphore.hpp"
#include "core/base/event_sink.hpp"
#include "io/file/file_backend.hpp"
#include "pipeline/image/client.hpp"
#include "pipeline/image/layer_target.hpp"
#include "pipeline/image/source.hpp"
#include "pipeline/image/store.hpp"

namespace lxr::image {

// Pulls one image into the store: manifest, config, and all layers at once, each in one pass
//   stream → SHA-256 → inflate → SHA-256 → tar → store driver
// into a private directory; committed by rename when digest, size and diff-id are right, then made durable and named.
// Runs on: the loop's strand; hashing, inflating and file creation on the pool.  Borrows: everything it is given.
// Failure: throws; nothing half-made is visible, and the private directory is removed.
class puller {
 public:
  puller(const store& images, store_driver driver, worker_pool& pool, io::file::file_backend& files, event_sink& events)
      : store_(images), driver_(driver), pool_(pool), files_(files), events_(events) {}

  task<pull_result> pull(source& from, oci::reference name, std::string architecture);

 private:
  task<oci::manifest> resolve(source& from, std::string architecture, raw_manifest& chosen, std::string subject);
  task<std::string> fetch_config(source& from, oci::descriptor which);
  task<void> layer(source& from, const store::staging& staging, oci::descriptor what, oci::digest diff_id);
  task<bool> fetch_layer(source& from, const store::staging& staging, oci::descriptor what, oci::digest diff_id);

  const store& store_;
  store_driver driver_;
  worker_pool& pool_;
  io::file::file_backend& files_;
  event_sink& events_;
  semaphore layers_at_once_{32};
  semaphore extractions_{1};
  keyed_once<std::string, bool> by_diff_id_;  // an image may hold the same layer twice
};

}  // namespace lxr::image
