// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/rootfs_flags.hpp"

namespace lxr::cli {

void add_rootfs_flags(flag_set& app, rootfs_options& options) {
  app.add_flag(
      "--volatile", options.is_volatile,
      "Never sync what the container writes: fsync does nothing, a crash of the host loses it (always so with --rm)");
  app.add_flag("--read-only", options.read_only, "Mount the root filesystem read-only");
  app.add_flag("--read-only-tmpfs", options.read_only_tmpfs,
               "With --read-only: filesystems in memory at /run, /tmp and /var/tmp");
}

}  // namespace lxr::cli
