// SPDX-License-Identifier: Apache-2.0
#include "core/base/own_program.hpp"

#include <limits.h>
#include <unistd.h>

#include "core/base/error.hpp"

namespace lxr {

std::string own_program(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) throw_errno("find", "lxr's own program");
  const std::string self(path, static_cast<std::size_t>(size));
  const std::string directory = self.substr(0, self.rfind('/'));
  for (const std::string& candidate : {directory + "/" + name, directory + "/../libexec/lxr/" + name}) {
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw error(errc::not_found, "start", name, "it is not in " + directory + " nor in its ../libexec/lxr",
              "install lxr again");
}

}  // namespace lxr
