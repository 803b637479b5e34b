// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "core/base/bytes.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "io/http/client.hpp"
#include "pipeline/transfer/retries.hpp"

namespace lxr::transfer {

// The bytes of one blob as a stream; neither size nor digest is checked yet.
// Lifecycle: read() until it returns nullopt; the destructor ends the transfer.
// Runs on: the loop's strand.
// Failure: read() throws lxr::error.
// Cancel: terminal.
class blob_stream {
 public:
  virtual ~blob_stream() = default;
  virtual task<std::optional<byte_block>> read() = 0;
};

struct raw_manifest {
  std::string text;
  oci::digest content;  // the digest of `text`, which was computed
};

enum class blob_kind { config, layer };

// A place that images are pulled from: manifests by tag or digest, blobs by descriptor.
// Lifecycle: outlives its streams.
// Runs on: the loop's strand.
// Failure: throws lxr::error; errc::not_found for what the source does not have.
// Cancel: terminal; nothing is left behind.
class source {
 public:
  virtual ~source() = default;
  // Returns the digest of what top() would return, without fetching that; an empty digest when the source does not
  // tell.
  virtual task<oci::digest> probe() = 0;
  // Returns the manifest or index that the reference names.
  virtual task<raw_manifest> top() = 0;
  virtual task<raw_manifest> manifest(oci::descriptor which) = 0;
  // Opens a blob. A source may bound how many layers are read at the same time; a config never waits for a layer,
  // because readers of layers may wait for the config.
  virtual task<std::unique_ptr<blob_stream>> blob(oci::descriptor which, blob_kind kind) = 0;
};

constexpr std::size_t layers_at_once = 16;  // the default

struct registry_options {
  bool plain_http = false;                // use http also for a registry that is not on loopback
  std::size_t parallel = layers_at_once;  // layers requested at the same time; fewer once the registry is overloaded
  patience limits = {};
  std::function<void(const std::string&)> notice = {};  // called when a wait of 1 s or more begins
};

// A registry (OCI distribution-spec 1.1), with an anonymous bearer token or none. Failures that may pass are tried
// again; a blob is continued where its transfer ended.
std::unique_ptr<source> make_registry_source(io::http::client& http, oci::reference name, registry_options options);
// An OCI image layout on disk (OCI image-spec, image-layout.md).
std::unique_ptr<source> make_layout_source(worker_pool& pool, oci::reference name);

}  // namespace lxr::transfer
