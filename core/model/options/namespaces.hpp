// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json_fields.hpp"
#include "core/oci/runtime_spec/fields.hpp"

namespace lxr {

// The namespaces of a container besides that of its network: "" for one of its own, "host", or "container:ID" for that
// of another container, whose full id it is.
struct namespace_options {
  std::string pid, ipc, uts, cgroup;
  // The user namespace (user_namespaces(7)): one of its own with these ids of the host, or with `own_ids` ids that no
  // other container has and that each start chooses. Without both, the host's.
  std::vector<oci::id_mapping> uid_mappings, gid_mappings;
  std::uint32_t own_ids = 0;

  [[nodiscard]] bool has_user() const noexcept { return own_ids != 0 || !uid_mappings.empty(); }
};

template <class Format, json::same_struct<namespace_options> T>
void describe(Format& f, T& v) {
  f("pidNamespace", v.pid);
  f("ipcNamespace", v.ipc);
  f("utsNamespace", v.uts);
  f("cgroupNamespace", v.cgroup);
  f("uidMappings", v.uid_mappings);
  f("gidMappings", v.gid_mappings);
  f("ownIds", v.own_ids);
}

}  // namespace lxr
