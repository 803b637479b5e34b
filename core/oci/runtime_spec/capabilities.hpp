// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// The capabilities of Linux by name (capabilities(7), <linux/capability.h>).
namespace lxr::oci {

// "CAP_CHOWN" or "chown", in any case. None: no such capability.
std::optional<unsigned> capability_number(std::string_view name);
// "CAP_CHOWN". `number` is below capability_count.
std::string capability_name(unsigned number);
inline constexpr unsigned capability_count = 41;

}  // namespace lxr::oci
