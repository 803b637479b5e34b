// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"
#include "core/model/container_config.hpp"
#include "pipeline/rootfs/name_resolution.hpp"

namespace lxr::rootfs {

// The files of /etc that lxr gives a container: hosts(5), hostname(5), resolv.conf(5). They lie in the container's data
// directory, so that what the container writes to them counts as its own data. Each start writes them anew.
struct etc_files {
  // Detached mounts of one file each: nosuid, nodev, noexec; read-only with a read-only root.
  unique_fd hosts, hostname, resolv_conf;
};

// `data` is the container's data directory. A container in the network of another one gets hosts and resolv.conf as
// they are there now.
// Failure: throws lxr::error; files written before stay.
etc_files make_etc_files(int data, const container_config& config, const own_place& place);

// What the content of the files depends on.
struct etc_inputs {
  container_config config;
  own_place place;
};
// Writes /etc/hosts and /etc/resolv.conf anew for a container that runs, after its networks have changed. A file that
// the container has changed stays as it is.
void renew_etc_files(int data, const etc_inputs& before, const etc_inputs& now);

}  // namespace lxr::rootfs
