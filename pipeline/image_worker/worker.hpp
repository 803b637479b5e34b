#pragma once

namespace lxr::image_worker {

// The whole of lxr-image: takes one request from `channel`, gives up the privileges it does not need, does the work,
// reports. Returns the process's exit code. The peer's end of file cancels it.
int run_worker(int channel);

}  // namespace lxr::image_worker
