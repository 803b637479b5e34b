// SPDX-License-Identifier: Apache-2.0
#include "core/model/options/storage.hpp"

namespace lxr {

std::string volume_path(const std::string& name) { return "volumes/" + name + "/_data"; }

const char* to_word(mount_kind kind) {
  switch (kind) {
    case mount_kind::bind:
      return "bind";
    case mount_kind::volume:
      return "volume";
    case mount_kind::tmpfs:
      return "tmpfs";
  }
  return "?";
}

bool from_word(std::string_view word, mount_kind& out) {
  for (const mount_kind kind : {mount_kind::bind, mount_kind::volume, mount_kind::tmpfs}) {
    if (word != to_word(kind)) continue;
    out = kind;
    return true;
  }
  return false;
}

}  // namespace lxr
