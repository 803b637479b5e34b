// SPDX-License-Identifier: Apache-2.0
// Floor of `run --rm`: one container from nothing to nothing.
//   floor_run none|bridge ROOTFS WORK PROGRAM [ARGUMENT ...]    WORK: a directory for writable layers
// bridge: as the second of two lxr runs finds it, the bridge is there (floor_bridge makes it) and the link's removal is
// left to the kernel.
#include <sys/wait.h>
#include <unistd.h>

#include "bench/floor/container.hpp"
#include "bench/floor/link.hpp"

extern "C" unsigned if_nametoindex(const char*) noexcept;

int main(int argc, char** argv) {
  using namespace lxr::floor;
  if (argc < 5) return 2;
  const std::string id = std::to_string(::getpid());
  const place p = prepare(argv[3], id);
  what w{argv[2], argv + 4};
  w.linked = std::string(argv[1]) == "bridge";
  w.gateway = 0x0afa0001;  // 10.250.0.1
  w.address = w.gateway + 1 + static_cast<std::uint32_t>(::getpid()) % 60000;
  w.bridge = w.linked ? static_cast<int>(if_nametoindex("lxrfloor0")) : 0;
  const child c = start(p, w);
  if (w.linked) {
    links().make_veth("lf" + id, w.bridge, c.pid, w.address);
    ::close(c.go);
  }
  int status = 0;
  ::waitpid(c.pid, &status, 0);
  clean(p);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
