// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_fields.hpp"

namespace lxr {

// The files of a container.
struct rootfs_options {
  bool read_only = false;        // its root; not its tmpfs mounts
  bool read_only_tmpfs = false;  // with read_only: filesystems in memory at /run, /tmp and /var/tmp
  bool is_volatile = false;      // what it writes need not survive a crash of the host; always so with auto_remove
};

template <class Format, json::same_struct<rootfs_options> T>
void describe(Format& f, T& v) {
  f("readOnly", v.read_only);
  f("readOnlyTmpfs", v.read_only_tmpfs);
  f("volatile", v.is_volatile);
}

}  // namespace lxr
