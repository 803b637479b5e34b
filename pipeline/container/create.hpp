#pragma once

#include "core/state/container_config.hpp"
#include "pipeline/container/engine.hpp"

namespace lxr::container {

// Whether the image of a new container is in the store, or on its way there.
enum class image_state { stored, coming };

// Gives a container its identity and makes it known: id, name (generated when empty), hostname, and its directory with
// config.json, written last: without it there is no container. Throws errc::already_exists for a taken name, errc::not_found
// when the image was removed meanwhile (unless it is still being pulled); then nothing is left.
container_config create(const instance& where, container_config wanted, image_state image = image_state::stored);

// Takes such a container away again, when what was to follow failed.
void discard(const instance& where, const container_config& config) noexcept;

}  // namespace lxr::container
