// SPDX-License-Identifier: Apache-2.0
// From exec to main: what a start of lxr costs before its first line runs, next to a static hello-world.
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sstream>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

struct program {
  std::string path;
  std::uint64_t main_address = 0;  // as in the file
  bool relocated = false;          // position-independent
};

// Where main is, from the symbol table.
program examine(const std::string& path) {
  const std::string bytes = file::read_at(AT_FDCWD, path, 64u << 20).value();
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  program p{path, 0, header.e_type == ET_DYN};
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bytes.data() + header.e_shoff);
  for (int i = 0; i < header.e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB) continue;
    const char* names = bytes.data() + sections[sections[i].sh_link].sh_offset;
    const auto* symbols = reinterpret_cast<const Elf64_Sym*>(bytes.data() + sections[i].sh_offset);
    for (std::size_t n = 0; n < sections[i].sh_size / sizeof(Elf64_Sym); ++n) {
      if (std::strcmp(names + symbols[n].st_name, "main") == 0) p.main_address = symbols[n].st_value;
    }
  }
  return p;
}

std::uint64_t load_base(pid_t pid, const program& p) {
  if (!p.relocated) return 0;
  std::istringstream maps(file::read_at(AT_FDCWD, "/proc/" + std::to_string(pid) + "/maps").value());
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(p.path)) return std::stoull(line, nullptr, 16);
  }
  return 0;
}

using clock_type = std::chrono::steady_clock;

// One run under ptrace, in microseconds: from just before exec to the stop behind it, and from there to a breakpoint at
// main. The time between, when the breakpoint is set, does not count.
double once(const program& p) {
  auto* called = static_cast<clock_type::time_point*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, 1);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    *called = clock_type::now();
    ::execl(p.path.c_str(), p.path.c_str(), "version", nullptr);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  const auto stopped = clock_type::now();
  const std::uint64_t at = load_base(pid, p) + p.main_address;
  const long code = ::ptrace(PTRACE_PEEKTEXT, pid, at, nullptr);
  ::ptrace(PTRACE_POKETEXT, pid, at, (code & ~0xffL) | 0xcc);
  const auto resumed = clock_type::now();
  ::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
  ::waitpid(pid, &status, 0);
  const auto took = clock_type::now() - resumed + (stopped - *called);
  EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) << p.path;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, &status, 0);
  ::munmap(called, 4096);
  return std::chrono::duration<double, std::micro>(took).count();
}

TEST(startup, exec_to_main_takes_at_most_twice_as_long_as_a_static_programs) {
  const program hello = examine(std::string(LXR_BINARY_DIR) + "/bench/floor_hello"), lxr = examine(program_path("lxr"));
  ASSERT_NE(hello.main_address, 0u);
  ASSERT_NE(lxr.main_address, 0u);
  double best_lxr = 1e9, best_hello = 1e9;
  for (int i = 0; i < 60; ++i) {
    best_hello = std::min(best_hello, once(hello));
    best_lxr = std::min(best_lxr, once(lxr));
  }
  std::printf("exec to main: static hello %.0f us, lxr %.0f us\n", best_hello, best_lxr);
  EXPECT_LE(best_lxr, 2 * best_hello);
}

}  // namespace
}  // namespace lxr::test
