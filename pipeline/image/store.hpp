#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/digest.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "core/state/paths.hpp"

namespace lxr::image {

// A committed image: a config, and layers that are all in the store.
struct image {
  std::string id;  // hex of the config's digest
  oci::image_config config;
  std::uint64_t size = 0;  // bytes of the compressed layers, as the manifest says
};

struct tagged_image {
  oci::reference name;
  std::string id, manifest_digest;
  std::int64_t pulled_ns = 0;
};

// Images and layers on disk. What is visible here is whole: everything is written in a private directory under ingest/
// and renamed in.
//   images/<config-digest>/{manifest.json,config.json}   refs/<name>   layers/<diff-id>/{layer.json, root/ or data.tar and index.erofs}
// Borrows the instance. Safe for many processes at once; every call stands alone.
class store {
 public:
  explicit store(const instance& where) : where_(where) {}

  // The image a user means: a name, or an id of at least 4 hex digits (also with "sha256:"). Empty when absent.
  [[nodiscard]] std::optional<tagged_image> find(const std::string& word) const;
  [[nodiscard]] image load(const std::string& id) const;
  [[nodiscard]] std::vector<tagged_image> list() const;

  [[nodiscard]] bool has_image(const std::string& id) const;
  [[nodiscard]] bool has_layer(const oci::digest& diff_id) const;
  // What overlayfs takes as a lower layer: a directory, or the root of a detached mount. Throws errc::corrupt when it is missing.
  [[nodiscard]] unique_fd open_layer(const oci::digest& diff_id) const;

  // A private directory under ingest/; locked for as long as it is open, so that a sweep knows the living from the dead.
  struct staging {
    std::string name;
    unique_fd directory;
  };
  [[nodiscard]] staging begin() const;
  void discard(const staging& s) const noexcept;
  // Removes what dead processes left in ingest/.
  void sweep() const;

  // Renames `name` inside a staging directory to its place. Another process may have been faster: then nothing happens.
  void commit_layer(const staging& s, const std::string& name, const oci::digest& diff_id) const;
  void commit_image(const staging& s, const std::string& name, const std::string& id) const;
  // Points a name at an image; atomic, the last one wins.
  void tag(const oci::reference& name, const std::string& id, const std::string& manifest_digest) const;
  // Everything committed so far survives a power loss when this returns (syncfs of the store's filesystem).
  void sync() const;

 private:
  const instance& where_;
};

}  // namespace lxr::image
