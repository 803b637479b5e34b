#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "core/base/bytes.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "io/http/client.hpp"

namespace lxr::image {

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

// Where an image is pulled from: manifests by tag or digest, blobs by descriptor. Runs on: the loop's strand.
class source {
 public:
  virtual ~source() = default;
  // The digest of what top() would return, without its content; empty when the source does not tell.
  virtual task<oci::digest> probe() = 0;
  // The manifest or index the reference names.
  virtual task<raw_manifest> top() = 0;
  virtual task<raw_manifest> manifest(oci::descriptor which) = 0;
  virtual task<std::unique_ptr<blob_stream>> blob(oci::descriptor which) = 0;
};

// A registry (OCI distribution-spec 1.1), with an anonymous bearer token or none.
std::unique_ptr<source> make_registry_source(io::http::client& http, oci::reference name, bool plain_http);
// An OCI image layout on disk (OCI image-spec, image-layout.md).
std::unique_ptr<source> make_layout_source(worker_pool& pool, oci::reference name);

// The digest of a text.
oci::digest digest_of(const std::string& text);

}  // namespace lxr::image
