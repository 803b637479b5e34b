// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/instance/container_lock.hpp"
#include "core/model/container_config.hpp"

namespace lxr::container {

// Whether the image of a new container is in the store, or is still being pulled.
enum class image_state { stored, coming };

// A container that other commands can see, but that nobody else may change before the lock is released.
struct created {
  container_config config;
  container_lock lock;
};

// Creates a container: id, name (generated when empty), hostname, and its directory with config.json, which is written
// last: a container without it does not exist. `maker` is the process that works on it.
// Failure: throws errc::already_exists for a name in use, errc::not_found when the image was removed meanwhile (not
//   checked with image_state::coming). Nothing is left then.
created create(const instance& where, const process_identity& maker, container_config wanted,
               image_state image = image_state::stored);

// Removes such a container when a later step failed. The caller still holds its lock.
void discard(const instance& where, const container_config& config) noexcept;

}  // namespace lxr::container
