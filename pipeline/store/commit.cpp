// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/commit.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "pipeline/store/prune.hpp"

namespace lxr::store {
namespace {

// Renames `from` to `to` and returns true. When `to` exists, calls keeps(): if that returns true, `to` stays and the
// result is false; else the two are exchanged, and the old one is deleted with the private directory.
template <class Keeps>
bool rename_in(int from_dir, const std::string& from, int to_dir, const std::string& to, Keeps keeps) {
  if (::renameat(from_dir, from.c_str(), to_dir, to.c_str()) == 0) return true;
  if (errno != EEXIST && errno != ENOTEMPTY) throw_errno("commit", to);
  if (keeps()) return false;  // another process committed the same content
  if (::renameat2(from_dir, from.c_str(), to_dir, to.c_str(), RENAME_EXCHANGE) == 0) return true;
  throw_errno("commit", to);
}

}  // namespace

bool commit_layer(const image_store& images, const image_store::staging& from, const oci::digest& blob,
                  const oci::digest& diff_id) {
  const int root = images.where().root_fd();
  if (::faccessat(from.directory.get(), blob.hex().c_str(), F_OK, 0) != 0) return false;
  // Until the rename below the link leads nowhere.
  const std::string layer = "layers/" + diff_id.hex(), target = "../" + layer, link = "blobs/" + blob.hex();
  if (::symlinkat(target.c_str(), root, link.c_str()) != 0 && errno != EEXIST) throw_errno("commit", link);
  return rename_in(from.directory.get(), blob.hex(), root, layer, [&] { return images.has_layer(diff_id); });
}

bool commit_image(const image_store& images, const image_store::staging& from, const std::string& name,
                  const std::string& id) {
  const int root = images.where().root_fd();
  const std::string image = "images/" + id;
  const auto keeps = [&] {
    bool whole = false;
    quietly([&] { whole = images.is_whole(id); });
    if (whole || ::faccessat(root, (image + "/root").c_str(), F_OK, 0) != 0) return whole;
    const std::string user = container_using(images.where(), id);
    if (user.empty()) return false;
    throw error(errc::conflict, "replace image", id.substr(0, 12),
                "it is damaged, and container \"" + user + "\" uses it", "remove the container first");
  };
  return rename_in(from.directory.get(), name, root, image, keeps);
}

}  // namespace lxr::store
