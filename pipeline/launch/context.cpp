// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/context.hpp"

#include "core/base/own_program.hpp"
#include "pipeline/launch/program_copy.hpp"

namespace lxr::launch {

int context::init_program() {
  if (!init_) init_ = copy_program(path_.empty() ? own_program("lxr-init") : path_);
  return init_.get();
}

}  // namespace lxr::launch
