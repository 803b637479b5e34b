// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// The capabilities of Linux by name (capabilities(7), <linux/capability.h>).
namespace lxr::oci {

// Returns the number of "CAP_CHOWN" or "chown", in upper or lower case; nullopt when there is no such capability.
std::optional<unsigned> capability_number(std::string_view name);
// Returns the name, "CAP_CHOWN". `number` is less than capability_count.
std::string capability_name(unsigned number);
inline constexpr unsigned capability_count = 41;

}  // namespace lxr::oci
