// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/create.hpp"

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/rootfs/name_resolution.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::container {
namespace {

created create_once(const instance& where, const process_identity& maker, container_config wanted, image_state image) {
  wanted.id = new_container_id();
  wanted.created_ns = unix_time_ns();
  if (!wanted.name.empty()) check_name(wanted.name);
  // While we hold the store's shared lock nobody removes the image; afterwards config.json shows that it is in use.
  const store::image_store images(where);
  const unique_fd image_stays = images.lock_shared();
  if (image == image_state::stored && !images.has_image(wanted.image_id)) {
    throw error(errc::not_found, "create container", '"' + wanted.name + '"',
                "its image " + wanted.image_id.substr(0, 12) + " was removed", "pull it again");
  }
  // First: a name of a container without a directory counts as free.
  container_lock lock = make_container_lock(where, wanted.id, maker);
  try {
    if (wanted.name.empty()) {
      wanted.name = reserve_generated_name(where, wanted.id);
    } else {
      reserve_name(where, wanted.name, wanted.id);
    }
    if (wanted.network.hostname.empty()) wanted.network.hostname = rootfs::default_hostname(wanted);
    file::make_directory_at(where.root_fd(), "containers/" + wanted.id);
    save(where, wanted);
  } catch (...) {
    discard(where, wanted);
    throw;
  }
  return {std::move(wanted), std::move(lock)};
}

}  // namespace

created create(const instance& where, const process_identity& maker, container_config wanted, image_state image) {
  return with_room(where, [&] { return create_once(where, maker, wanted, image); });
}

void discard(const instance& where, const container_config& config) noexcept {
  try {
    discard_files(where, config);
    empty_trash(where);
  } catch (const std::exception&) {
    // What is left has no config.json or lies in trash/: it is no container.
  }
}

}  // namespace lxr::container
