#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/digest.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "core/instance/paths.hpp"

namespace lxr::store {

// A committed image: a config, and layers that are all in the store.
struct image {
  std::string id;  // hex of the config's digest
  oci::image_config config;
  std::uint64_t size = 0;  // bytes of the compressed layers, as the manifest says
};

struct tagged_image {
  oci::reference name;  // empty of an image that lost its names
  std::string id, manifest_digest;
  std::string top_digest;  // of what the name meant: the manifest, or the index that led to it
  std::int64_t pulled_ns = 0;
  [[nodiscard]] bool is_named() const noexcept { return !name.repository.empty(); }
};

// Images and layers on disk. What is visible here is whole: everything is written in a private directory under ingest/
// and renamed in.
//   images/<config-digest>/{manifest.json, config.json, index.erofs when all its layers have one, else root/ and listing when top_layer makes one}
//   layers/<diff-id>/{layer.json, root/ and listing, or data.tar and index.erofs}   refs/<name>   blobs/<digest>: links, the diff-ids of what came as these
// Borrows the instance. Safe for many processes at once; every call stands alone.
class image_store {
 public:
  explicit image_store(const instance& where) : where_(where) {}
  [[nodiscard]] const instance& where() const noexcept { return where_; }

  // The image a user means: a name, or an id of at least 4 hex digits (also with "sha256:"). Empty when absent; throws
  // errc::invalid_argument for the beginning of several ids.
  [[nodiscard]] std::optional<tagged_image> find(const std::string& word) const;
  [[nodiscard]] image load(const std::string& id) const;
  // Every name, then images without one.
  [[nodiscard]] std::vector<tagged_image> list() const;
  [[nodiscard]] std::vector<std::string> ids() const;
  // Files under refs/ that cannot be read as names.
  [[nodiscard]] std::vector<std::string> damaged_names() const;

  // What a name was pulled as.
  [[nodiscard]] std::optional<tagged_image> find_name(const oci::reference& name) const;
  [[nodiscard]] bool has_image(const std::string& id) const;
  [[nodiscard]] bool has_layer(const oci::digest& diff_id) const;
  // True when a layer that came as this blob is in the store.
  [[nodiscard]] bool has_blob(const oci::digest& blob) const;
  // True when the image and all its layers are there, and its index, if it has one, is about them.
  [[nodiscard]] bool is_whole(const std::string& id) const;
  // What overlayfs takes as lower layers, uppermost first: directories, or roots of detached mounts. One mount does for all
  // layers of an image that has an index. Throws errc::corrupt for what is missing.
  [[nodiscard]] std::vector<unique_fd> open_layers(const image& of) const;

  // Bytes of all files of a layer; 0 when it is not there.
  [[nodiscard]] std::uint64_t layer_size(const oci::digest& diff_id) const;

  // A private directory under ingest/; locked for as long as it is open, so that a sweep knows the living from the dead.
  struct staging {
    std::string name;
    unique_fd directory;
  };
  [[nodiscard]] staging begin() const;
  void discard(const staging& s) const noexcept;
  // Removes what dead processes left in ingest/.
  void sweep() const;

  // Whoever adds references to images and layers holds the store shared, for an instant; whoever removes any holds it
  // alone. Waits; given up by closing.
  [[nodiscard]] unique_fd lock_shared() const;
  [[nodiscard]] unique_fd lock_alone() const;
  // Empty when anybody holds it.
  [[nodiscard]] std::optional<unique_fd> try_lock_alone() const;

  // The directory of a committed layer, or image; empty when it is not there.
  [[nodiscard]] std::optional<unique_fd> open_directory(const oci::digest& diff_id) const;
  [[nodiscard]] std::optional<unique_fd> open_image(const std::string& id) const;
  // Points a name at an image; atomic, the last one wins.
  void tag(const oci::reference& name, const std::string& id, const std::string& manifest_digest, const std::string& top_digest, bool sync) const;
  void untag(const oci::reference& name) const;
  // Everything written so far survives a power loss when this returns (syncfs of the store's filesystem).
  void sync() const;
  // The same as sync() for the names committed so far, whose content is synced (fsync of the directories that hold them).
  void sync_names() const;

 private:
  [[nodiscard]] unique_fd open_layer(const oci::digest& diff_id) const;
  [[nodiscard]] std::optional<std::vector<unique_fd>> open_data_files(const image& of) const;
  [[nodiscard]] std::optional<tagged_image> read_tag(const std::string& file) const;
  [[nodiscard]] unique_fd lock(int how) const;

  const instance& where_;
};

}  // namespace lxr::store
