// SPDX-License-Identifier: Apache-2.0
#include "core/async/rollback.hpp"

#include <exception>

#include "core/base/error.hpp"

namespace lxr {

std::string rollback::run() noexcept {
  std::string failures;
  while (!steps_.empty()) {
    const step last = std::move(steps_.back());
    steps_.pop_back();
    try {
      last.undo();
    } catch (...) {
      if (!failures.empty()) failures += "; ";
      failures += last.name + ": " + describe(std::current_exception());
    }
  }
  return failures;
}

}  // namespace lxr
