// SPDX-License-Identifier: Apache-2.0
#include "core/model/after_boot.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"

namespace lxr {
namespace {

std::string prefix() {
  char name[32];
  std::snprintf(name, sizeof name, "boot-%016llx-", static_cast<unsigned long long>(this_boot()));
  return name;
}

// The name of the mark: it holds a hash of the root directory, because several roots may share a state directory.
std::string mark(const instance& where) { return prefix() + std::to_string(std::hash<std::string>{}(where.root())); }

void settle_one(const instance& where, const std::string& id) {
  const container_config config = load_config(where, id);
  if (config.lifecycle.auto_remove && load_state(where, id).is_idle()) {
    release_name(where, config.name, id);
    move_to_trash(where, "containers/" + id);
    move_state_to_trash(where, "containers/" + id);
  } else {
    reserve_name(where, config.name, id);
  }
}

}  // namespace

void settle_after_boot(const instance& where) {
  const std::string done = mark(where);
  if (::faccessat(where.state_fd(), done.c_str(), F_OK, 0) == 0) return;
  for (const std::string& id : list_containers(where)) {
    quietly([&] { settle_one(where, id); });  // reserve_name() throws when the container has its name already
  }
  for (const std::string& name : file::list_at(where.state_fd(), ".")) {
    if (name.starts_with("boot-") && !name.starts_with(prefix()))
      ::unlinkat(where.state_fd(), name.c_str(), AT_REMOVEDIR);
  }
  file::make_directory_at(where.state_fd(), done);
}

}  // namespace lxr
