// SPDX-License-Identifier: Apache-2.0
// What a program in a container may do with the network, as a static program that images of tests hold.
//   network_probe ping ADDRESS MILLISECONDS     one ICMP echo by an unprivileged socket; exit code 0: answered in time
//   network_probe socket FAMILY ENTRY           socket(FAMILY) by an entry of the kernel: native, i386 (socket),
//                                               socketcall (i386) or x32; prints "made" or the name of the error
//   network_probe wait                          until it is killed
//   network_probe call NUMBER [i386]            any system call with no arguments; prints the same
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int ping(const char* address, int milliseconds) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &to.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  icmphdr echo{};
  echo.type = ICMP_ECHO;
  if (fd < 0 || ::sendto(fd, &echo, sizeof echo, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0) {
    std::perror("ping");
    return 2;
  }
  pollfd answer{fd, POLLIN, 0};
  return ::poll(&answer, 1, milliseconds) == 1 ? 0 : 1;
}

#if defined(__x86_64__)
long int80(long number, long a, long b, long c) {
  long result;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return static_cast<std::int32_t>(result);
}
#endif

long native(long number, long a, long b, long c) {
  const long result = ::syscall(number, a, b, c);
  return result < 0 ? -errno : result;
}

long make_socket(int family, const std::string& entry) {
  const int type = family == AF_VSOCK ? SOCK_STREAM : SOCK_SEQPACKET;
  if (entry == "native") return native(SYS_socket, family, type, 0);
#if defined(__x86_64__)
  if (entry == "x32") return native(0x40000000 | SYS_socket, family, type, 0);
  if (entry == "i386") return int80(359, family, type, 0);
  if (entry == "socketcall") {  // its arguments lie in memory that 32 bits can name
    constexpr std::size_t page = 4096;
    auto* words = static_cast<std::uint32_t*>(
        ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    words[0] = static_cast<std::uint32_t>(family);
    words[1] = static_cast<std::uint32_t>(type);
    words[2] = 0;
    return int80(102, 1, static_cast<long>(reinterpret_cast<std::uintptr_t>(words)), 0);
  }
#endif
  return -EINVAL;
}

int print(long result) {
  std::puts(result >= 0 ? "made" : ::strerrorname_np(static_cast<int>(-result)));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "wait") return ::pause();
  if (what == "ping" && argc == 4) return ping(argv[2], std::atoi(argv[3]));
  if (what == "socket" && argc == 4) return print(make_socket(std::atoi(argv[2]), argv[3]));
  if (what == "call" && argc > 2) {
#if defined(__x86_64__)
    if (argc == 4) return print(int80(std::atol(argv[2]), 0, 0, 0));
#endif
    return print(native(std::atol(argv[2]), 0, 0, 0));
  }
  return 2;
}
