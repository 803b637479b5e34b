// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/instance/paths.hpp"
#include "core/oci/runtime_spec/types.hpp"

namespace lxr {

// The runtime_spec that a container is started with: root/containers/<id>/spec.json, a document of the OCI
// runtime-spec. The first start writes it, once the image is known; later starts, exec and inspect read it.

// Where it is kept: root/containers/<id>, as long as the container, or the state directory, in memory, for one that is
// removed at its end and needs it for exec only.
enum class spec_life { of_the_container, of_its_run };

// Failure: throws lxr::error when the file cannot be written.
void save_spec(const instance& where, const std::string& id, const oci::runtime_spec& spec, spec_life lasting);
// Returns nullopt when there is none that can be used: the container was never started, or by a version of lxr that
// kept no spec, or the file is damaged. The spec is then made again of the container's options and its image.
std::optional<oci::runtime_spec> load_spec(const instance& where, const std::string& id);

}  // namespace lxr
