// SPDX-License-Identifier: Apache-2.0
// lxr-init: the program that a container's processes run before the user's program. It maps the launch plan from the
// memfd PLAN_FD and performs the operations from number INDEX on; the earlier ones were performed by the child that
// executed it. It is static and has no libc.
//   lxr-init PLAN_FD INDEX CHANNEL_FD [LISTENER_FD]
// lxr executes it from a sealed memfd (pipeline/launch/program_copy.hpp): /proc/self/exe must not lead from a container
// to a file of the host (CVE-2019-5736).
#include <fcntl.h>
#include <sys/mman.h>

#include <cstddef>
#include <initializer_list>

#include "core/base/raw_syscall.hpp"
#include "io/child/launch_plan.hpp"

namespace raw = lxr::raw;
using lxr::io::child::launch_plan;

extern "C" {

// The compiler emits calls of these. `volatile` keeps it from making such calls of the loops.
void* memcpy(void* to, const void* from, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) static_cast<volatile char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}
void* memset(void* to, int value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) static_cast<volatile char*>(to)[i] = static_cast<char>(value);
  return to;
}

[[noreturn]] void lxr_init_main(long* stack) {
  const long argc = stack[0];
  char** argv = reinterpret_cast<char**>(stack + 1);
  int numbers[4] = {-1, -1, -1, -1};
  for (int i = 0; i < 4 && i + 1 < argc; ++i) {
    numbers[i] = 0;
    for (const char* p = argv[i + 1]; *p >= '0' && *p <= '9'; ++p) numbers[i] = numbers[i] * 10 + (*p - '0');
  }
  const auto [memory, index, channel, listener] = numbers;
  launch_plan header{};
  const long got = raw::call(SYS_pread64, memory, raw::word(&header), sizeof header, 0);
  if (got == sizeof header && header.magic == lxr::io::child::plan_magic) {
    const long map = raw::call(SYS_mmap, 0, header.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, memory, 0);
    for (const int fd : {memory, channel, listener}) raw::call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    if (map > 0) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel returns an address
      lxr::io::child::run_plan(reinterpret_cast<launch_plan*>(map), static_cast<unsigned>(index), channel, listener);
    }
  }
  static constexpr char help[] = "lxr-init is started by lxr inside containers; it is of no use by hand.\n";
  raw::call(SYS_write, 2, raw::word(help), sizeof help - 1);
  for (;;) raw::call(SYS_exit_group, 125);
}

}  // extern "C"

#if defined(__x86_64__)
asm(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call lxr_init_main\n");
#elif defined(__aarch64__)
asm(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl lxr_init_main\n");
#endif
