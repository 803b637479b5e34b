#pragma once

#include <cstdint>
#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// A detached copy of the mount that holds `path` (from the directory `base`, where it is relative), showing what lies at `path`; with
// `recursive` also what is mounted below it (open_tree(2), Linux 5.2). A link at its end is followed, as mount(8) does.
// Throws errc::not_found when nothing is there.
unique_fd clone_mount(int base, const std::string& path, bool recursive);

// mount_setattr(2), Linux 5.12.
struct bind_attributes {
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;     // MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: as it is
  bool recursive = false;            // the mounts below it too
};
// Does nothing where nothing is to be changed. `subject` names the mount in errors.
void set_attributes(int mount, const std::string& subject, const bind_attributes& how);

}  // namespace lxr::io::mount
