// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/defaults.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {

void add_mounts(oci::runtime_spec& spec, const container_config& config) {
  spec.root.path = "rootfs";
  spec.root.readonly = config.rootfs.read_only;
  spec.mounts = oci::default_mounts();
}

}  // namespace lxr::spec
