// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/create.hpp"

#include <algorithm>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/network/networks.hpp"
#include "pipeline/rootfs/name_resolution.hpp"
#include "pipeline/store/store.hpp"
#include "pipeline/volume/volumes.hpp"

namespace lxr::container {
namespace {

// "container:NAME" becomes "container:ID".
void find_joined(const instance& where, std::string& choice) {
  constexpr std::string_view prefix = "container:";
  if (choice.starts_with(prefix))
    choice = std::string(prefix) + resolve_container(where, std::string_view(choice).substr(prefix.size()));
}

// Adds the mounts of other containers from the host and of volumes, where nothing is mounted yet.
void add_mounts_of_others(const instance& where, storage_options& options) {
  for (const std::string& word : options.volumes_from) {
    const auto colon = word.find(':');
    const std::string access = colon == std::string::npos ? "" : word.substr(colon + 1);
    if (!access.empty() && access != "ro" && access != "rw" && access != "z" && access != "Z")
      throw error(errc::invalid_argument, "use --volumes-from", '"' + word + '"', "it is CONTAINER or CONTAINER:ro");
    const container_config other = load_config(where, resolve_container(where, word.substr(0, colon)));
    for (mount_request m : other.storage.mounts) {
      const bool is_taken =
          std::ranges::any_of(options.mounts, [&m](const mount_request& own) { return own.target == m.target; });
      if (m.kind == mount_kind::tmpfs || is_taken) continue;
      if (access == "ro") m.options.insert(m.options.end(), {"ro", "rro"});
      m.is_anonymous = false;  // it is the other container's
      options.mounts.push_back(std::move(m));
    }
  }
}

// Finds the networks and the container that the options name. The caller holds the lock of the networks.
void find_networks(const instance& where, network_options& options) {
  if (options.mode == network_mode::container) {
    options.joined = resolve_container(where, options.joined);
    const network_options other = load_config(where, options.joined).network;
    if (options.hostname.empty()) options.hostname = other.hostname;
  }
  for (network_request& n : options.networks) n.name = network::find_layout(where, n.name).name;
  for (auto n = options.networks.begin(); n != options.networks.end(); ++n) {
    if (std::find_if(options.networks.begin(), n, [n](const network_request& o) { return o.name == n->name; }) != n)
      throw error(errc::invalid_argument, "use network", '"' + n->name + '"', "it is named twice");
  }
}

created create_once(const instance& where, const process_identity& maker, container_config wanted, image_state image) {
  wanted.id = new_container_id();
  wanted.created_ns = unix_time_ns();
  if (!wanted.name.empty()) check_name(wanted.name);
  for (std::string* choice : {&wanted.namespaces.pid, &wanted.namespaces.ipc, &wanted.namespaces.uts})
    find_joined(where, *choice);
  unique_fd networks_stay;
  if (!wanted.network.networks.empty()) networks_stay = network::lock_shared(where);
  find_networks(where, wanted.network);
  add_mounts_of_others(where, wanted.storage);
  // While we hold the store's shared lock nobody removes the image; afterwards config.json shows that it is in use.
  const store::image_store images(where);
  const unique_fd image_stays = images.lock_shared();
  if (image == image_state::stored && !images.has_image(wanted.image_id)) {
    throw error(errc::not_found, "create container", '"' + wanted.name + '"',
                "its image " + wanted.image_id.substr(0, 12) + " was removed", "pull it again");
  }
  unique_fd volumes_stay;
  if (!wanted.storage.mounts.empty()) {
    volumes_stay = volume::lock_shared(where);
    volume::provide(where, wanted.storage.mounts);
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
    volumes_stay.reset();  // discard() removes anonymous ones
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
    volume::remove_anonymous(where, config.storage.mounts);
    empty_trash(where);
  } catch (const std::exception&) {
    // What is left has no config.json or lies in trash/: it is no container.
  }
}

}  // namespace lxr::container
