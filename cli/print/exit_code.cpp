// SPDX-License-Identifier: Apache-2.0
#include "cli/print/exit_code.hpp"

#include "core/base/error.hpp"

namespace lxr::cli {

int exit_code_of(const std::exception_ptr& failure) noexcept {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const error& e) {
    if (e.code() == errc::command_not_found) return not_found;
    if (e.code() == errc::command_not_executable) return not_executable;
  } catch (...) {
    return tool_failed;
  }
  return tool_failed;
}

}  // namespace lxr::cli
