#pragma once

#include <optional>
#include <string>

#include "core/instance/paths.hpp"
#include "core/oci/runtime_spec/types.hpp"

namespace lxr {

// The runtime_spec that a container is started with: root/containers/<id>/spec.json, the document of the OCI runtime-spec. Written by its
// first start, once its image says what is to run; later starts, exec and inspect read it.

void save_spec(const instance& where, const std::string& id, const oci::runtime_spec& spec);
// None: it was never started, or by a version of lxr that kept no spec. Throws errc::corrupt for a damaged one.
std::optional<oci::runtime_spec> load_spec(const instance& where, const std::string& id);

}  // namespace lxr
