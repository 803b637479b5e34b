// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lxr::io::child {

// Places in a launch plan (launch_plan.hpp).

// Stands for a descriptor: its index in the plan's table of descriptor numbers (launch_plan::slots); -1: none. The
// parent fills the slots of descriptors that the child inherits, operations fill the others.
using slot = std::int32_t;
// A NUL-terminated string; offset 0: none.
struct text {
  std::uint32_t offset = 0;
};
struct bytes {
  std::uint32_t offset = 0, size = 0;
};
// An argument vector of execve(2). `offsets`: place of `count` offsets (std::uint32_t), one for each string.
// `pointers`: place with room for the count + 1 pointers that the child makes of them.
struct string_list {
  std::uint32_t count = 0, offsets = 0, pointers = 0;
};

}  // namespace lxr::io::child
