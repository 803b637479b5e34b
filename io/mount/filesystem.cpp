// SPDX-License-Identifier: Apache-2.0
#include "io/mount/filesystem.hpp"

#include <sys/mount.h>

#include "core/base/error.hpp"

namespace lxr::io::mount {

unique_fd make_filesystem(const std::string& type, const std::vector<std::string>& words) {
  const unique_fd fs(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!fs) throw_errno("make", "a filesystem of type " + type);
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const int done = value.empty() ? ::fsconfig(fs.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                                   : ::fsconfig(fs.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
    if (done != 0) throw_errno("use the mount option", '"' + word + '"');
  }
  if (::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    throw_errno("make", "a filesystem of type " + type);
  unique_fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount) throw_errno("mount", "a filesystem of type " + type);
  return mount;
}

}  // namespace lxr::io::mount
