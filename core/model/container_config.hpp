// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/async/task.hpp"
#include "core/instance/paths.hpp"
#include "core/model/options/lifecycle.hpp"
#include "core/model/options/namespaces.hpp"
#include "core/model/options/network.hpp"
#include "core/model/options/process.hpp"
#include "core/model/options/resources.hpp"
#include "core/model/options/rootfs.hpp"
#include "core/model/options/security.hpp"
#include "core/model/options/storage.hpp"

namespace lxr {

// What the user asked for, as create took it: root/containers/<id>/config.json. It survives a reboot, and with the
// image gives the runtime_spec (container_spec.hpp). After create only its resources change (container::update()).
// A section of options is a struct of core/model/options with its JSON; its flags are in cli/flags, its part of the
// spec in pipeline/spec.
struct container_config {
  std::string id, name;
  std::string image;            // the reference as shown to the user
  std::string image_id;         // hex of the image config's digest
  std::int64_t created_ns = 0;  // Unix time

  process_options process;
  resource_options resources;
  rootfs_options rootfs;
  network_options network;
  namespace_options namespaces;
  security_options security;
  storage_options storage;
  lifecycle_options lifecycle;
};

void save(const instance& where, const container_config& config);
// Throws errc::not_found when the container is gone, errc::corrupt for a damaged record, errc::unsupported for one of a
// newer lxr.
container_config load_config(const instance& where, const std::string& id);

// Returns the configuration. A new container has a name before it has a configuration: waits for the lock that its
// creator holds until both exist.
// Failure: as load_config() and lock_container().  Cancel: terminal.
task<container_config> config_of(const instance& where, std::string id);

}  // namespace lxr
