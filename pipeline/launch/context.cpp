// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/context.hpp"

#include "io/process/init_program.hpp"
#include "pipeline/launch/program_copy.hpp"

namespace lxr::launch {

int context::init_program() {
  if (!init_) init_ = copy_program(io::process::init_program());
  return init_.get();
}

}  // namespace lxr::launch
