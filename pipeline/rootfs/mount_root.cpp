// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/mount_root.hpp"

#include "io/mount/overlay.hpp"
#include "io/process/acting_as.hpp"
#include "pipeline/rootfs/writable_layer.hpp"

namespace lxr::rootfs {

unique_fd mount_root(int data, const std::vector<unique_fd>& layers, bool is_volatile, const io::mount::file_ids& ids) {
  unique_fd own;
  std::vector<unique_fd> mapped;
  if (ids.users >= 0) {
    own = io::mount::clone_mapped(data, "the container's files", ids.users);
    for (const unique_fd& layer : layers)
      mapped.push_back(io::mount::clone_mapped(layer.get(), "a layer of the image", ids.users));
  }
  const std::vector<unique_fd>& lowers = mapped.empty() ? layers : mapped;
  const io::process::acting_as root(ids.uid, ids.gid);
  const writable_layer writable = open_writable_layer(own ? own.get() : data, lowers.front().get());
  io::mount::overlay_layers all;
  for (const unique_fd& layer : lowers) all.lowers.push_back(layer.get());
  all.upper = writable.upper.get();
  all.work = writable.work.get();
  all.is_volatile = is_volatile;
  return io::mount::mount_overlay(all);
}

}  // namespace lxr::rootfs
