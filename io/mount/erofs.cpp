// SPDX-License-Identifier: Apache-2.0
#include "io/mount/erofs.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "core/base/error.hpp"

namespace lxr::io::mount {

unique_fd mount_erofs(int index, std::span<const unique_fd> data) {
  const unique_fd fs(::fsopen("erofs", FSOPEN_CLOEXEC));
  if (!fs && (errno == ENODEV || errno == ENOSYS)) {
    throw error(errc::unsupported, "mount layer", "", "this kernel has no EROFS (CONFIG_EROFS_FS)",
                "load it with: modprobe erofs");
  }
  if (!fs) throw_errno("open", "erofs filesystem");
  const auto set = [&fs](const char* key, int fd) {
    return ::fsconfig(fs.get(), FSCONFIG_SET_STRING, key, ("/proc/self/fd/" + std::to_string(fd)).c_str(), 0) == 0;
  };
  const auto set_device = [&set](const unique_fd& fd) { return set("device", fd.get()); };
  if (!set("source", index) || !std::ranges::all_of(data, set_device) ||
      ::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    if (errno == EINVAL || errno == EUCLEAN || errno == EOPNOTSUPP) {
      throw error(errc::corrupt, "mount", "layers",
                  "the kernel refuses their index: it is damaged, or too new for this kernel",
                  "lxr system check --repair makes it anew");
    }
    if (errno == ENOTBLK)
      throw error(errc::unsupported, "mount layer", "", "EROFS cannot be mounted from a file here",
                  "that needs Linux 6.12, and a store that is not on tmpfs");
    throw_errno("mount", "layer");
  }
  unique_fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
  if (!mount) throw_errno("mount", "layer");
  return mount;
}

}  // namespace lxr::io::mount
