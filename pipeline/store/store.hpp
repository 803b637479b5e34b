// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file_lock.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/oci/digest.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"

namespace lxr::store {

// A committed image: a config, and layers that are all in the store when it is committed.
struct image {
  std::string id;  // hex of the config's digest
  oci::image_config config;
  std::uint64_t size = 0;  // bytes of the compressed layers, as the manifest says
};

// A name of an image, as refs/ records it; an image without names has one with an empty `name`.
struct tagged_image {
  oci::reference name;  // empty for an image without names
  std::string id, manifest_digest;
  std::string top_digest;      // digest of the manifest, or of the index that led to it, that the name meant
  std::int64_t pulled_ns = 0;  // nanoseconds of Unix time
  [[nodiscard]] bool is_named() const noexcept { return !name.repository.empty(); }
};

// Images and layers on disk. Everything is written into a private directory under ingest/ and renamed when it is
// complete, so what is visible here is complete:
//   images/<config-digest>/  manifest.json, config.json; index.erofs when all layers have one;
//                            else root/ and listing, when make_top_layer() made them
//   layers/<diff-id>/        layer.json; root/ and listing (directories), or data.tar and index.erofs (erofs)
//   refs/<name>              a record that names an image
//   blobs/<digest>           a symbolic link to the layer that came as this blob
// Lifecycle: every call stands alone.
// Runs on: any thread of any process; lock_shared() and lock_alone() order processes. Calls block.
// Borrows: the instance.
// Failure: throws lxr::error; errc::not_found for an image that load() does not find, errc::unsupported where the
// record
//   of a name or layer is that of a newer lxr.
class image_store {
 public:
  explicit image_store(const instance& where) : where_(where) {}
  [[nodiscard]] const instance& where() const noexcept { return where_; }

  // Returns the image that a user means: by name, or by an id of at least 4 hex digits (also after "sha256:"). Returns
  // nullopt when there is none; throws errc::invalid_argument when several ids begin with `word`.
  [[nodiscard]] std::optional<tagged_image> find(const std::string& word) const;
  [[nodiscard]] image load(const std::string& id) const;
  // Returns every name, sorted, then the images without a name.
  [[nodiscard]] std::vector<tagged_image> list() const;
  [[nodiscard]] std::vector<std::string> ids() const;
  // Returns the names of the files under refs/, and reads one. Throws errc::not_found, errc::corrupt, or
  // errc::unsupported for the record of a newer lxr.
  [[nodiscard]] std::vector<std::string> name_files() const;
  [[nodiscard]] tagged_image read_name(const std::string& file) const;

  // Returns the record of a name; nullopt when there is none or it is damaged.
  [[nodiscard]] std::optional<tagged_image> find_name(const oci::reference& name) const;
  [[nodiscard]] bool has_image(const std::string& id) const;
  [[nodiscard]] bool has_layer(const oci::digest& diff_id) const;
  // Returns true when the store has the layer that came as this blob.
  [[nodiscard]] bool has_blob(const oci::digest& blob) const;
  // Returns true when the image and all its layers exist and, if it has an index, all layers have a data.tar.
  [[nodiscard]] bool is_whole(const std::string& id) const;
  // Returns the lower layers for overlayfs, uppermost first: directories, or the roots of detached mounts. With an
  // index, one mount stands for all layers. Throws errc::corrupt for a missing layer.
  [[nodiscard]] std::vector<unique_fd> open_layers(const image& of) const;

  // Returns the bytes of all files of a layer; 0 when it is missing.
  [[nodiscard]] std::uint64_t layer_size(const oci::digest& diff_id) const;

  // A private directory under ingest/. flock(2) on `directory` is held as long as it is open: sweep() leaves it alone.
  struct staging {
    std::string name;
    unique_fd directory;
  };
  [[nodiscard]] staging begin() const;
  void discard(const staging& s) const noexcept;
  // Removes the private directories under ingest/ that dead processes left, and half-written names.
  void sweep() const;

  // Locks of the store, by flock(2); closing the descriptor releases them. A process that adds references to images or
  // layers holds the shared lock for that instant, one that removes any holds the store alone. They wait for each
  // other.
  [[nodiscard]] unique_fd lock_shared() const;
  [[nodiscard]] unique_fd lock_alone() const;
  // Returns nullopt when any process holds the lock.
  [[nodiscard]] std::optional<unique_fd> try_lock_alone() const;

  // Open the directory of a committed layer or image; nullopt when it is missing.
  [[nodiscard]] std::optional<unique_fd> open_directory(const oci::digest& diff_id) const;
  [[nodiscard]] std::optional<unique_fd> open_image(const std::string& id) const;
  // Points a name at an image, atomically; the last caller wins. With `sync` the record is durable on return.
  void tag(const oci::reference& name, const std::string& id, const std::string& manifest_digest,
           const std::string& top_digest, bool sync) const;
  void untag(const oci::reference& name) const;
  // Makes everything written so far durable: syncfs(2) of the store's filesystem.
  void sync() const;
  // Makes the names of committed objects durable, whose content is durable already: fsync(2) of the directories with
  // the names.
  void sync_names() const;

 private:
  [[nodiscard]] unique_fd open_layer(const oci::digest& diff_id) const;
  [[nodiscard]] std::optional<std::vector<unique_fd>> open_data_files(const image& of) const;
  [[nodiscard]] std::optional<tagged_image> try_read_name(const std::string& file) const;
  [[nodiscard]] unique_fd lock(file::lock_kind kind) const;

  const instance& where_;
};

}  // namespace lxr::store
