// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/syscall.h>

// System calls without libc: no errno, no cancellation, no locks. For the code between clone3 and exec, and for
// lxr-init, which has no libc. Results below zero are negated errno values, as the kernel returns them.
namespace lxr::raw {

#if defined(__x86_64__)
inline long call(long nr, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) noexcept {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// clone3(2); the child calls entry(argument) on the stack the arguments name, and must not return from it.
inline long clone_onto_stack(void* arguments, long size, void (*entry)(void*), void* argument) noexcept {
  register void (*function)(void*) asm("rdx") = entry;
  register void* handed asm("r8") = argument;
  long result;
  asm volatile(
      "syscall\n  test %%rax, %%rax\n  jnz 1f\n  xor %%ebp, %%ebp\n  mov %[handed], %%rdi\n  call *%[function]\n  "
      "ud2\n1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(arguments), "S"(size), [function] "r"(function), [handed] "r"(handed)
      : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long call(long nr, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) noexcept {
  register long x8 asm("x8") = nr;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

// clone3(2); the child calls entry(argument) on the stack the arguments name, and must not return from it.
inline long clone_onto_stack(void* arguments, long size, void (*entry)(void*), void* argument) noexcept {
  register long x8 asm("x8") = SYS_clone3;
  register long x0 asm("x0") = reinterpret_cast<long>(arguments);
  register long x1 asm("x1") = size;
  register void (*x2)(void*) asm("x2") = entry;
  register void* x3 asm("x3") = argument;
  asm volatile("svc 0\n  cbnz x0, 1f\n  mov x29, #0\n  mov x0, x3\n  blr x2\n  brk #1\n1:"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
               : "memory");
  return x0;
}
#else
#error "write this architecture's system call sequence"
#endif

inline long word(const void* p) noexcept { return reinterpret_cast<long>(p); }

}  // namespace lxr::raw
