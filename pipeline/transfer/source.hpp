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

// The bytes of one blob, as they come; neither size nor digest is checked yet.
class blob_stream {
 public:
  virtual ~blob_stream() = default;
  virtual task<std::optional<byte_block>> read() = 0;
};

struct raw_manifest {
  std::string text;
  oci::digest content;  // verified: the text has this digest
};

enum class blob_kind { config, layer };

// Where an image is pulled from: manifests by tag or digest, blobs by descriptor. Runs on: the loop's strand.
class source {
 public:
  virtual ~source() = default;
  // The digest of what top() would return, without its content; empty when the source does not tell.
  virtual task<oci::digest> probe() = 0;
  // The manifest or index the reference names.
  virtual task<raw_manifest> top() = 0;
  virtual task<raw_manifest> manifest(oci::descriptor which) = 0;
  // `kind`: a source may bound how many layers are read at once. Whoever reads a layer may wait for the config.
  virtual task<std::unique_ptr<blob_stream>> blob(oci::descriptor which, blob_kind kind) = 0;
};

constexpr std::size_t layers_at_once = 16;  // unless the user says another number

struct registry_options {
  bool plain_http = false;                // also for a registry that is not on loopback
  std::size_t parallel = layers_at_once;  // layers asked for at once; fewer once the registry is overloaded
  patience limits = {};
  std::function<void(const std::string&)> notice = {};  // told when a longer wait begins
};

// A registry (OCI distribution-spec 1.1), with an anonymous bearer token or none. What fails for a moment is tried again; a blob
// goes on where it ended.
std::unique_ptr<source> make_registry_source(io::http::client& http, oci::reference name, registry_options options);
// An OCI image layout on disk (OCI image-spec, image-layout.md).
std::unique_ptr<source> make_layout_source(worker_pool& pool, oci::reference name);

}  // namespace lxr::transfer
