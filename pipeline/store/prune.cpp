// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/prune.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_config.hpp"
#include "pipeline/store/blob_claims.hpp"

namespace lxr::store {
namespace {

// Reads all references to images once. The caller holds the store's lock, so that no other process adds one.
// Runs on: one thread.  Borrows: the instance.
class references {
 public:
  explicit references(const instance& where) : where_(where), images_(where) {
    for (const std::string& id : list_containers(where)) note_container(id);
    for (const tagged_image& t : images_.list()) {
      if (t.is_named()) names_[t.id].push_back(t.name);
    }
  }

  [[nodiscard]] std::vector<oci::reference> names_of(const std::string& image) const {
    const auto found = names_.find(image);
    return found == names_.end() ? std::vector<oci::reference>() : found->second;
  }
  // Returns the name of a container that uses the image; "" when none does.
  [[nodiscard]] std::string user_of(const std::string& image) const {
    const auto found = users_.find(image);
    return found == users_.end() ? damaged_ : found->second;
  }

  // Returns the name of a container that needs this layer or image; "" when none does.
  [[nodiscard]] std::string user_of_object(const std::string& hex) const {
    if (!damaged_.empty()) return damaged_;
    for (const auto& [image, user] : users_) {
      if (image == hex) return user;
      if (!images_.has_image(image)) continue;  // the image is still being pulled, and the pull claims its layers
      try {
        for (const oci::digest& d : images_.load(image).config.diff_ids) {
          if (d.hex() == hex) return user;
        }
      } catch (const error&) {
        return user;  // the image is damaged, so its layers are not known: take all as used
      }
    }
    return {};
  }

  // Returns the layers that images other than `but` need. Throws errc::corrupt when one of these is damaged: its layers
  // are not known then, so no layer can be removed. A pull checks again before it commits that layers it found are
  // still there.
  [[nodiscard]] std::set<std::string> needed_layers(const std::set<std::string>& but) const {
    std::set<std::string> out;
    for (const std::string& id : images_.ids()) {
      if (but.contains(id)) continue;
      try {
        for (const oci::digest& d : images_.load(id).config.diff_ids) out.insert(d.hex());
      } catch (const error& e) {
        throw error(errc::corrupt, "remove layers", where_.root(),
                    "image " + id.substr(0, 12) + " is damaged, so nobody knows which layers it needs",
                    "lxr system check --repair removes it");
      }
    }
    return out;
  }

 private:
  void note_container(const std::string& id) {
    try {
      const container_config c = load_config(where_, id);
      users_.emplace(c.image_id, c.name);
    } catch (const error& e) {
      if (e.code() != errc::not_found)
        damaged_ = short_id(id) + " (whose configuration is damaged: lxr rm -f " + short_id(id) + ")";
    }
  }

  const instance& where_;
  image_store images_;
  std::map<std::string, std::vector<oci::reference>> names_;
  std::map<std::string, std::string> users_;
  std::string damaged_;  // names a container whose config.json is damaged: it may use any image
};

// Returns the layers that no image needs, without those that a pull in progress claims.
std::vector<std::string> unneeded_layers(const instance& where, const std::set<std::string>& needed) {
  std::vector<std::string> out = file::list_at(where.root_fd(), "layers");
  std::erase_if(out, [&, claimed = claimed_layers(where)](const std::string& hex) {
    return needed.contains(hex) || claimed.contains(hex);
  });
  return out;
}

// The images to remove and the layers that only they need. The choice is complete before the first one is removed.
struct doomed {
  std::set<std::string> images;
  std::vector<std::string> layers;
};

doomed choose_doomed(const instance& where, const references& all, std::set<std::string> images) {
  auto layers = unneeded_layers(where, all.needed_layers(images));
  return {std::move(images), std::move(layers)};
}

// Renames the objects into the trash and returns their paths there. The caller holds lock_alone().
std::vector<std::string> take_away(const instance& where, const doomed& what, removed& out) {
  std::vector<std::string> trashed;
  const auto move = [&](const std::string& path) {
    if (auto now = move_to_trash(where, path)) trashed.push_back(std::move(*now));
  };
  for (const std::string& id : what.images) {
    move("images/" + id);
    out.deleted.push_back(id);
  }
  for (const std::string& hex : what.layers) move("layers/" + hex);
  for (const std::string& blob : file::list_at(where.root_fd(), "blobs")) {
    if (::faccessat(where.root_fd(), ("blobs/" + blob).c_str(), F_OK, 0) != 0)
      ::unlinkat(where.root_fd(), ("blobs/" + blob).c_str(), 0);
  }
  return trashed;
}

// Counts and deletes the files in the trash. This takes time; the caller holds no lock.
void delete_trashed(const instance& where, const std::vector<std::string>& trashed, removed& out) {
  for (const std::string& path : trashed) out.bytes += file::disk_usage_at(where.root_fd(), path);
  empty_trash(where);
}

}  // namespace

removed remove_image(const instance& where, const std::string& word, bool force) {
  removed out;
  std::vector<std::string> trashed;
  const image_store images(where);
  {
    const unique_fd lock = images.lock_alone();
    const auto found = images.find(word);
    if (!found)
      throw error(errc::not_found, "remove image", '"' + word + '"', "no image has that name or id",
                  "lxr images lists them");
    const references all(where);
    std::vector<oci::reference> names = all.names_of(found->id);
    const bool by_name = found->is_named() && !word.starts_with("sha256:") &&
                         oci::reference::parse(word).canonical() == found->name.canonical();
    const bool last = !by_name || names.size() <= 1;
    if (const std::string user = all.user_of(found->id); last && !user.empty()) {
      throw error(errc::conflict, "remove image", '"' + word + '"', "container \"" + user + "\" uses it",
                  "remove the container first");
    }
    if (!by_name && names.size() > 1 && !force) {
      throw error(errc::conflict, "remove image", '"' + word + '"', "it has " + std::to_string(names.size()) + " names",
                  "rmi -f removes them all, or remove one by its name");
    }
    if (by_name) names = {found->name};
    const doomed what = last ? choose_doomed(where, all, {found->id}) : doomed();
    for (const oci::reference& name : names) {
      images.untag(name);
      out.untagged.push_back(name.familiar());
    }
    if (last) trashed = take_away(where, what, out);
  }
  delete_trashed(where, trashed, out);
  return out;
}

removed prune(const instance& where, bool all) {
  removed out;
  std::vector<std::string> trashed;
  const image_store images(where);
  {
    const unique_fd lock = images.lock_alone();
    const references refs(where);
    std::set<std::string> gone;
    std::vector<oci::reference> forgotten;
    for (const std::string& id : images.ids()) {
      const auto names = refs.names_of(id);
      if (!refs.user_of(id).empty() || (!all && !names.empty())) continue;
      gone.insert(id);
      forgotten.insert(forgotten.end(), names.begin(), names.end());
    }
    const doomed what = choose_doomed(where, refs, std::move(gone));
    for (const oci::reference& name : forgotten) {
      images.untag(name);
      out.untagged.push_back(name.familiar());
    }
    trashed = take_away(where, what, out);
  }
  images.sweep();
  delete_trashed(where, trashed, out);
  return out;
}

void take_back(const instance& where, const std::string& image, const std::vector<oci::digest>& layers) {
  removed out;
  {
    const unique_fd lock = image_store(where).lock_alone();
    const references refs(where);
    doomed what;
    if (!image.empty() && refs.names_of(image).empty() && refs.user_of(image).empty()) what.images.insert(image);
    const auto needed = refs.needed_layers(what.images);
    const auto claimed = claimed_layers(where);
    for (const oci::digest& d : layers) {
      if (!needed.contains(d.hex()) && !claimed.contains(d.hex())) what.layers.push_back(d.hex());
    }
    take_away(where, what, out);
  }
  empty_trash(where);
}

usage usage_of(const instance& where) {
  usage out;
  const image_store images(where);
  const unique_fd lock = images.lock_shared();
  const references refs(where);
  std::set<std::string> unused;
  for (const std::string& id : images.ids()) {
    const std::uint64_t bytes = file::disk_usage_at(where.root_fd(), "images/" + id);
    ++out.images;
    out.bytes += bytes;
    if (!refs.user_of(id).empty()) {
      ++out.used_images;
    } else {
      unused.insert(id);
      out.reclaimable += bytes;
    }
  }
  const auto needed = refs.needed_layers(unused);
  for (const std::string& hex : file::list_at(where.root_fd(), "layers")) {
    const std::uint64_t bytes = file::disk_usage_at(where.root_fd(), "layers/" + hex);
    ++out.layers;
    out.bytes += bytes;
    if (!needed.contains(hex)) out.reclaimable += bytes;
  }
  return out;
}

std::string container_using(const instance& where, const std::string& hex) {
  return references(where).user_of_object(hex);
}

}  // namespace lxr::store
