// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/instance/paths.hpp"

// Ids of the host for containers with a user namespace of their own (`--userns auto`): ranges of 65,536 ids from
// 2,147,483,648 on, where neither users nor subordinate ids are (subuid(5)). Containers that run at the same time have
// different ones. Files keep the ids of the image, because the mounts are mapped, so a start may choose anew.
// Runs on: any thread. The functions make a few system calls.
namespace lxr::container {

inline constexpr std::uint32_t ids_of_range = 65536;

// The first id of a range. `range`: from 1.
std::uint32_t first_id(std::uint32_t range);

// Takes a range for a container.
// Failure: throws errc::exhausted when all 31,000 are taken.
std::uint32_t take_id_range(const instance& where, const std::string& id);
void release_id_range(const instance& where, const std::string& id, std::uint32_t range) noexcept;

}  // namespace lxr::container
