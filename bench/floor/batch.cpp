// SPDX-License-Identifier: Apache-2.0
// Floor of a batch: N containers started by one process, left running; then all of them killed and cleaned up.
//   floor_batch none|bridge [slots] N ROOTFS WORK PROGRAM [ARGUMENT ...]
// Prints {"made_ms","started_ms","stopped_ms","clean_ms"}: with slots, until all namespaces, links, cgroups and
// directories are there; from there (else from the beginning) until the last one runs its program; from there until all
// are reaped and their files and cgroups gone; until their links are gone too (from the same moment).
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/floor/container.hpp"
#include "bench/floor/link.hpp"

extern "C" unsigned if_nametoindex(const char*) noexcept;

namespace {
double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}
}  // namespace

int main(int argc, char** argv) {
  using namespace lxr::floor;
  const bool slots = argc > 2 && std::string(argv[2]) == "slots";
  if (slots) {
    argv[2] = argv[1];
    ++argv, --argc;
  }
  if (argc < 6) return 2;
  const bool bridged = std::string(argv[1]) == "bridge";
  const int count = std::atoi(argv[2]);
  const int bridge = bridged ? static_cast<int>(if_nametoindex("lxrfloor0")) : 0;
  int alive[2];  // every child holds the other end until its exec
  must(::pipe2(alive, O_CLOEXEC), "pipe");
  what w{argv[3], argv + 5};
  int ready[2] = {-1, -1}, word[2] = {-1, -1};
  if (slots) {
    must(::pipe2(ready, O_CLOEXEC), "pipe");
    must(::pipe2(word, O_CLOEXEC), "pipe");
    w.ready = ready[1];
    w.word = word[0];
    w.not_word = word[1];
  }
  w.linked = bridged;
  w.gateway = 0x0afa0001;
  w.bridge = bridge;
  links route;
  std::vector<place> places;
  std::vector<child> children;
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    const std::string id = std::to_string(::getpid()) + "-" + std::to_string(i);
    places.push_back(prepare(argv[4], id));
    w.address = w.gateway + 1 + static_cast<std::uint32_t>(i);
    children.push_back(start(places.back(), w));
    if (!bridged) continue;
    route.make_veth("lf" + std::to_string(i), bridge, children.back().pid, w.address);
    ::close(children.back().go);
  }
  ::close(alive[1]);
  char byte;
  double made = 0;
  if (slots) {
    for (int i = 0; i < count; ++i) must(::read(ready[0], &byte, 1), "wait for slots");
    made = since(begin);
    begin = std::chrono::steady_clock::now();
    ::close(word[1]);
  }
  must(::read(alive[0], &byte, 1), "wait");
  const double started = since(begin);
  const auto end = std::chrono::steady_clock::now();
  for (const child& c : children) ::syscall(SYS_pidfd_send_signal, c.pidfd, SIGKILL, nullptr, 0);
  int failed = 0;
  for (const child& c : children) {
    int status = 0;
    ::waitpid(c.pid, &status, 0);
    if (!WIFSIGNALED(status)) ++failed;
  }
  for (const place& p : places) clean(p);
  const double stopped = since(end);
  while (bridged && count_links("lf") > 0) ::poll(nullptr, 0, 2);
  std::printf("{\"made_ms\":%.3f,\"started_ms\":%.3f,\"stopped_ms\":%.3f,\"clean_ms\":%.3f}\n", made, started, stopped,
              since(end));
  return failed == 0 ? 0 : 1;
}
