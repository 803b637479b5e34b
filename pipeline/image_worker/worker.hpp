// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lxr::image_worker {

// All of lxr-image: receives one request on `channel`, gives up privileges, does the work, reports. The peer's end of
// file cancels a pull.
// Runs on: the main thread of lxr-image; blocks.
// Failure: sent to the peer as an "error". Returns the process's exit code.
int run_worker(int channel);

}  // namespace lxr::image_worker
