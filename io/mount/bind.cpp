// SPDX-License-Identifier: Apache-2.0
#include "io/mount/bind.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/in_root.hpp"

namespace lxr::io::mount {

unique_fd clone_mount(int base, const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
  unique_fd copy(static_cast<int>(::syscall(SYS_open_tree, base, path.c_str(), flags)));
  if (copy) return copy;
  if (errno == ENOENT) throw error(errc::not_found, "mount", '"' + path + '"', "no such file or directory on the host");
  throw_errno("mount", '"' + path + '"');
}

unique_fd clone_mount_of(const std::string& of, const std::string& path) {
  const unique_fd other(::open(of.c_str(), O_RDONLY | O_CLOEXEC));
  const unique_fd home(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  const unique_fd directory(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!other || !home || ::unshare(CLONE_FS) != 0 || ::setns(other.get(), CLONE_NEWNS) != 0)
    throw_errno("enter", "a mount namespace");
  const long place = open_resolving(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
  int code = place < 0 ? static_cast<int>(-place) : 0;
  unique_fd copy;
  if (place >= 0) {
    const unique_fd at(static_cast<int>(place));
    copy = unique_fd(
        static_cast<int>(::syscall(SYS_open_tree, at.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)));
    if (!copy) code = errno;
  }
  if (::setns(home.get(), CLONE_NEWNS) != 0) throw_errno("leave", "a mount namespace");
  if (::fchdir(directory.get()) != 0) static_cast<void>(!::chdir("/"));
  if (copy) return copy;
  errno = code;
  throw_errno("mount", "another container's " + path);
}

void set_attributes(int mount, const std::string& subject, const bind_attributes& how) {
  if (how.set == 0 && how.clear == 0 && how.propagation == 0) return;
  mount_attr attributes{};
  attributes.attr_set = how.set;
  attributes.attr_clr = how.clear;
  attributes.propagation = how.propagation;
  const unsigned flags = AT_EMPTY_PATH | (how.recursive ? AT_RECURSIVE : 0u);
  if (::syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes) != 0)
    throw_errno("set options of", '"' + subject + '"');
}

void map_ids(int mount, const std::string& subject, int users, bool recursive) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(users);
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
  if (::syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes) == 0) return;
  if (errno == EINVAL) {
    throw error(errc::unsupported, "map ids of", '"' + subject + '"', "its filesystem cannot be mapped on this kernel",
                "ext4, xfs, btrfs and EROFS can, tmpfs from Linux 6.3 on");
  }
  throw_errno("map ids of", '"' + subject + '"');
}

unique_fd clone_mapped(int directory, const std::string& subject, int users) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  unique_fd copy(static_cast<int>(::syscall(SYS_open_tree, directory, "", flags)));
  if (!copy) throw_errno("mount", '"' + subject + '"');
  map_ids(copy.get(), subject, users, false);
  return copy;
}

}  // namespace lxr::io::mount
