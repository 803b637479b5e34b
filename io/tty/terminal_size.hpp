// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lxr::io::tty {

// The size of a terminal in characters; 0: unknown.
struct terminal_size {
  unsigned short rows = 0, columns = 0;
};

}  // namespace lxr::io::tty
