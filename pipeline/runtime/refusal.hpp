// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace lxr::runtime {

// A verb that the state of a container forbids. `why` holds the words that callers look for.
[[noreturn]] inline void refuse(const char* operation, const std::string& id, const std::string& why) {
  throw error(errc::conflict, operation, "container " + id, why);
}

}  // namespace lxr::runtime
