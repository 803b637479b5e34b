// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace lxr::io::process {

// The program lxr-init (io/child/lxr_init.cpp), an ELF file of some 20 KB that the build puts into this one, so that a
// start reads no file and the two always fit together. Of static storage.
[[nodiscard]] std::string_view init_program() noexcept;

}  // namespace lxr::io::process
