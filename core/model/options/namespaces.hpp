// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/json_fields.hpp"

namespace lxr {

// The namespaces of a container besides that of its network: "" for one of its own, "host", or "container:ID" for that
// of another container, whose full id it is.
struct namespace_options {
  std::string pid, ipc, uts, cgroup;
};

template <class Format, json::same_struct<namespace_options> T>
void describe(Format& f, T& v) {
  f("pidNamespace", v.pid);
  f("ipcNamespace", v.ipc);
  f("utsNamespace", v.uts);
  f("cgroupNamespace", v.cgroup);
}

}  // namespace lxr
