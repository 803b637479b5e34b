#pragma once

#include "core/model/container_config.hpp"
#include "core/instance/container_lock.hpp"

namespace lxr::container {

// Whether the image of a new container is in the store, or on its way there.
enum class image_state { stored, coming };

// A container that others can see, and that nobody else may change until the lock is released.
struct created {
  container_config config;
  container_lock lock;
};

// Gives a container its identity and makes it known: id, name (generated when empty), hostname, and its directory with
// config.json, written last: without it there is no container. `maker` is the process that is at work on it.
// Throws errc::already_exists for a taken name, errc::not_found when the image was removed meanwhile (unless it is still
// being pulled); then nothing is left.
created create(const instance& where, const process_identity& maker, container_config wanted, image_state image = image_state::stored);

// Takes such a container away again, when what was to follow failed. The caller still holds its lock.
void discard(const instance& where, const container_config& config) noexcept;

}  // namespace lxr::container
