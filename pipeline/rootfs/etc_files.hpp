#pragma once

#include <string>

#include "core/base/unique_fd.hpp"
#include "core/model/container_config.hpp"

namespace lxr::rootfs {

// The files of /etc that lxr gives a container: hosts(5), hostname(5), resolv.conf(5). They lie in the container's own data
// directory, so that what is written to them counts as its own files do, and are made anew at each start.
struct etc_files {
  unique_fd hosts, hostname, resolv_conf;  // detached mounts of single files: nosuid, nodev, noexec, and ro in a read-only root
};

// `data`: the container's data directory. `address`: its own, empty when it has none.
etc_files make_etc_files(int data, const container_config& config, const std::string& address);

}  // namespace lxr::rootfs
