// SPDX-License-Identifier: Apache-2.0
#include "io/process/init_program.hpp"

asm(".pushsection .rodata\n"
    ".balign 16\n"
    "lxr_init_begin: .incbin \"" LXR_INIT_PROGRAM
    "\"\n"
    "lxr_init_end:\n"
    ".popsection\n");

extern "C" const char lxr_init_begin[], lxr_init_end[];

namespace lxr::io::process {

std::string_view init_program() noexcept {
  return {lxr_init_begin, static_cast<std::size_t>(lxr_init_end - lxr_init_begin)};
}

}  // namespace lxr::io::process
