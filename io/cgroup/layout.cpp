// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/layout.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace lxr::io::cgroup {
namespace {

bool is_unified(const std::string& path) {
  struct statfs fs{};
  return ::statfs(path.c_str(), &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

layout layout::detect(const std::string& base) { return {is_unified(base), base}; }

std::string layout::unified_tree() const {
  if (unified) return base;
  const std::string beside = base + "/unified";
  return is_unified(beside) ? beside : "";
}

}  // namespace lxr::io::cgroup
