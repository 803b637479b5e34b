// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {

oci::runtime_spec make_surroundings(const container_config& config) {
  oci::runtime_spec spec;
  spec.oci_version = "1.3.0";
  spec.annotations = config.lifecycle.annotations;
  spec.process.emplace().terminal = config.process.tty;
  add_namespaces(spec, config);
  add_mounts(spec, config);
  add_resources(spec, config);
  add_devices(spec, config);
  add_security(spec, config);
  return spec;
}

oci::runtime_spec make_spec(const container_config& config, const oci::image_config& image, const file_reader& read) {
  oci::runtime_spec spec = make_surroundings(config);
  add_process(spec, config, image, read);
  return spec;
}

}  // namespace lxr::spec
