// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {

void add_resources(oci::runtime_spec& spec, const container_config& config) {
  constexpr std::uint64_t period = 100'000;  // microseconds; the kernel's default
  oci::resources_spec& r = spec.linux_part.resources;
  if (config.resources.pids_limit > 0) r.pids.emplace().limit = config.resources.pids_limit;
  if (config.resources.memory > 0) {
    r.memory.emplace().limit = config.resources.memory;
    r.memory->swap = config.resources.memory;  // of both together: no swap
  }
  if (config.resources.cpus <= 0) return;
  r.cpu.emplace().period = period;
  r.cpu->quota = static_cast<std::int64_t>(config.resources.cpus * static_cast<double>(period));
}

}  // namespace lxr::spec
