// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/rootfs/name_resolution.hpp"

namespace lxr::rootfs {

// The files of /etc that lxr gives a container: hosts(5), hostname(5), resolv.conf(5). They lie in the container's data
// directory, so that what the container writes to them counts as its own data. Each start writes them anew.
struct etc_files {
  // Detached mounts of one file each: nosuid, nodev, noexec; read-only with a read-only root.
  unique_fd hosts, hostname, resolv_conf;
  std::uint64_t hosts_hash = 0, resolv_conf_hash = 0;  // of what was written; 0 for the files of another container
};

// `data` is the container's data directory. A container in the network of another one has the same hosts and
// resolv.conf as that.
// Failure: throws lxr::error; files written before stay.
etc_files make_etc_files(int data, const container_config& config, const own_place& place);

// Writes /etc/hosts and /etc/resolv.conf anew for a container that runs, after its networks have changed; sets the
// hashes of `state`. A file that the container has changed, or that cannot be written, stays as it is.
void renew_etc_files(int data, const container_config& config, const own_place& place, container_state& state);

// Identifies the content of a file that lxr has written; never 0.
std::uint64_t hash_of(std::string_view content);

}  // namespace lxr::rootfs
