// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/base/json_fields.hpp"

namespace lxr {

// What a container may use.
struct resource_options {
  std::int64_t memory = 0;         // bytes; 0: no limit
  double cpus = 0;                 // processors; 0: no limit
  std::int64_t pids_limit = 2048;  // processes and threads; 0 or less: no limit
};

template <class Format, json::same_struct<resource_options> T>
void describe(Format& f, T& v) {
  f("memory", v.memory);
  f("cpus", v.cpus);
  f("pidsLimit", v.pids_limit);
}

}  // namespace lxr
