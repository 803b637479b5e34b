// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/defaults.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {

void add_security(oci::runtime_spec& spec, const container_config&) {
  spec.linux_part.masked_paths = oci::default_masked_paths();
  spec.linux_part.readonly_paths = oci::default_readonly_paths();
}

}  // namespace lxr::spec
