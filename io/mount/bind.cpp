// SPDX-License-Identifier: Apache-2.0
#include "io/mount/bind.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"

namespace lxr::io::mount {

unique_fd clone_mount(int base, const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
  unique_fd copy(static_cast<int>(::syscall(SYS_open_tree, base, path.c_str(), flags)));
  if (copy) return copy;
  if (errno == ENOENT) throw error(errc::not_found, "mount", '"' + path + '"', "no such file or directory on the host");
  throw_errno("mount", '"' + path + '"');
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

}  // namespace lxr::io::mount
