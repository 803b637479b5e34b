// SPDX-License-Identifier: Apache-2.0
// lxr-image: pulls images for lxr. Loaded only when bytes from outside must be handled.
#include <sys/socket.h>

#include <cstdio>

#include "pipeline/image_worker/messages.hpp"
#include "pipeline/image_worker/worker.hpp"

int main() {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(lxr::image_worker::worker_channel, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_SEQPACKET) {
    std::fputs("lxr-image is started by lxr; use `lxr pull`.\n", stderr);
    return 125;
  }
  return lxr::image_worker::run_worker(lxr::image_worker::worker_channel);
}
