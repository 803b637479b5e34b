// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

// What every floor program shares: the calls no container start can do without, with lxr's isolation (all namespaces
// but user, overlay, proc, sysfs, dev, pts, shm, mqueue, masked and read-only paths, capabilities, seccomp, a pids
// limit), and nothing else: no image, no configuration, no state, no log, no name resolution files. Every failure ends
// the program.
namespace lxr::floor {

// `result`, or the end of the program when it says that a call failed.
long must(long result, const char* what);

// Where one container's writable layer and cgroup lie; made by prepare(), taken away by clean().
struct place {
  std::string upper, work, top;  // directories
  std::string group;             // cgroup directory: v2, or of the v1 pids controller
  bool unified = false;
};
place prepare(const std::string& work, const std::string& id);
void clean(const place& p);

struct child {
  pid_t pid = -1;
  int pidfd = -1;
  int go = -1;  // with a link: close it to let the child go on, its link stands
};

struct what {
  std::string root;     // directory with the root filesystem
  char* const* argv;    // program and arguments
  bool linked = false;  // waits for its link, then takes `address`/16 and a default route through `gateway`
  std::uint32_t address = 0, gateway = 0;
  int bridge = 0;  // index
  // Made ahead, up to the namespaces and the link: writes a byte to `ready`, goes on at the end of file of `word`.
  int ready = -1, word = -1, not_word = -1;  // the last is the other end, which it closes
};
child start(const place& p, const what& w);
// Capabilities, ids, no_new_privs, seccomp: the last thing before an exec.
void give_up_privileges();

}  // namespace lxr::floor
