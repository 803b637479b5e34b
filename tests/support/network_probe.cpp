// SPDX-License-Identifier: Apache-2.0
// What a program in a container may do with the network, as a static program that images of tests hold.
//   network_probe ping ADDRESS MILLISECONDS     one ICMP echo by an unprivileged socket; exit code 0: answered in time
//   network_probe socket FAMILY ENTRY           socket(FAMILY) by an entry of the kernel: native, i386 (socket),
//                                               socketcall (i386) or x32; prints "made" or the name of the error
//   network_probe wait                          until it is killed
//   network_probe serve PORT                    TCP and UDP, until it is killed: tells each peer its address and this
//                                               host's name; then a TCP connection counts bytes up to their end
//   network_probe ask tcp|udp ADDRESS PORT [BYTES [FROM]]   sends that many bytes, from that port; prints the answer,
//                                               or "refused", "reset", "no route", "nothing" (after 2 s)
//   network_probe resolve NAME|-                asks the server of /etc/resolv.conf once, by UDP, for the addresses of
//   a
//                                               name, or of this host's; prints them, or "none", or "nothing" (after 2
//                                               s)
//   network_probe server                        prints that server
//   network_probe call NUMBER [i386]            any system call with no arguments; prints the same
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

constexpr int patience_ms = 2000;

struct place {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in6);
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }
};

place place_of(const char* address, int port) {
  place out;
  auto* six = reinterpret_cast<sockaddr_in6*>(&out.storage);
  auto* four = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (::inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(static_cast<std::uint16_t>(port));
  } else {
    out.storage = {};
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address, &four->sin_addr);
    out.size = sizeof(sockaddr_in);
  }
  return out;
}

std::string greeting(place peer) {
  char text[INET_ADDRSTRLEN] = {}, name[64] = {};
  ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(&peer.storage)->sin_addr, text, sizeof text);
  ::gethostname(name, sizeof name - 1);
  return std::string(text) + " " + name + "\n";
}

void serve_connection(int fd, const place& peer) {
  const timeval patience{patience_ms / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);  // one that was cut off keeps no others waiting
  const std::string hello = greeting(peer);
  static_cast<void>(!::write(fd, hello.data(), hello.size()));
  char buffer[4096];
  long total = 0;
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) total += got;
  const std::string end = std::to_string(total) + " bytes\n";
  static_cast<void>(!::write(fd, end.data(), end.size()));
}

int serve(int port) {
  place any = place_of("0.0.0.0", port);
  const int tcp = ::socket(AF_INET, SOCK_STREAM, 0), udp = ::socket(AF_INET, SOCK_DGRAM, 0), on = 1;
  ::setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(tcp, any.address(), any.size) != 0 || ::listen(tcp, 100) != 0 || ::bind(udp, any.address(), any.size) != 0)
    return 1;
  pollfd both[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}};
  while (::poll(both, 2, -1) > 0) {
    place peer;
    if (both[0].revents != 0) {
      const int fd = ::accept(tcp, peer.address(), &peer.size);
      if (fd >= 0) serve_connection(fd, peer);
      ::close(fd);
    }
    char packet[2048];
    if (both[1].revents != 0 && ::recvfrom(udp, packet, sizeof packet, 0, peer.address(), &peer.size) >= 0) {
      const std::string hello = greeting(peer);
      ::sendto(udp, hello.data(), hello.size(), 0, peer.address(), peer.size);
    }
  }
  return 0;
}

int say(int code) {
  const char* text = code == ECONNREFUSED                                                      ? "refused"
                     : code == ECONNRESET || code == EPIPE                                     ? "reset"
                     : code == EHOSTUNREACH || code == ENETUNREACH || code == EACCES           ? "no route"
                     : code == EAGAIN || code == ETIMEDOUT || code == EINPROGRESS || code == 0 ? "nothing"
                                                                                               : std::strerror(code);
  std::puts(text);
  return 1;
}

int ask(bool by_udp, const char* address, int port, std::size_t bytes, int from) {
  place to = place_of(address, port);
  const int fd = ::socket(to.storage.ss_family, by_udp ? SOCK_DGRAM : SOCK_STREAM, 0), on = 1;
  const timeval patience{patience_ms / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  place mine = place_of(to.storage.ss_family == AF_INET6 ? "::" : "0.0.0.0", from);
  if (from != 0 && ::bind(fd, mine.address(), mine.size) != 0) return say(errno);
  if (::connect(fd, to.address(), to.size) != 0) return say(errno);
  const std::string data(by_udp && bytes == 0 ? 1 : bytes, 'x');
  for (std::size_t sent = 0; sent < data.size();) {
    const ssize_t put = ::send(fd, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) return say(errno);
    sent += static_cast<std::size_t>(put);
  }
  if (!by_udp) ::shutdown(fd, SHUT_WR);
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 || (got == 0 && answer.empty())) return say(got < 0 ? errno : 0);
    answer.append(buffer, static_cast<std::size_t>(got));
    if (got == 0 || by_udp) break;
  }
  std::fputs(answer.c_str(), stdout);
  return 0;
}

// The first server of /etc/resolv.conf.
std::string server() {
  char text[4096] = {};
  std::FILE* file = std::fopen("/etc/resolv.conf", "r");
  const std::size_t size = file != nullptr ? std::fread(text, 1, sizeof text - 1, file) : 0;
  const std::string settings(text, size), keyword = "nameserver ";
  const auto at = settings.find(keyword);
  if (at == std::string::npos) return "";
  const auto begin = at + keyword.size();
  return settings.substr(begin, settings.find('\n', begin) - begin);
}

int resolve(std::string name) {
  char own[64] = {};
  if (name == "-" && ::gethostname(own, sizeof own - 1) == 0) name = own;
  place to = place_of(server().c_str(), 53);
  std::string query{7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (std::size_t from = 0; from < name.size();) {
    const auto end = std::min(name.find('.', from), name.size());
    query += static_cast<char>(end - from) + name.substr(from, end - from);
    from = end + 1;
  }
  query += std::string{0, 0, 1, 0, 1};
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const timeval patience{patience_ms / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char answer[4096];
  if (::connect(fd, to.address(), to.size) != 0 || ::send(fd, query.data(), query.size(), 0) < 0) return say(errno);
  const ssize_t got = ::recv(fd, answer, sizeof answer, 0);
  if (got < 0) return say(errno);
  std::string out;
  const auto records = static_cast<unsigned char>(answer[7]);
  constexpr std::size_t record_size = 16;  // a pointer to the name, and an IPv4 address
  for (std::size_t i = 0; i < static_cast<std::size_t>(records); ++i) {
    const std::size_t end = query.size() + (i + 1) * record_size;
    if (end > static_cast<std::size_t>(got)) break;
    char word[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, answer + end - 4, word, sizeof word);
    out += (out.empty() ? "" : " ") + std::string(word);
  }
  std::puts(out.empty() ? "none" : out.c_str());
  return out.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "wait") return ::pause();
  if (what == "serve" && argc == 3) return serve(std::atoi(argv[2]));
  if (what == "ask" && argc > 4) {
    return ask(std::string(argv[2]) == "udp", argv[3], std::atoi(argv[4]),
               argc > 5 ? std::strtoul(argv[5], nullptr, 10) : 0, argc > 6 ? std::atoi(argv[6]) : 0);
  }
  if (what == "server") return std::puts(server().c_str()) < 0;
  if (what == "resolve" && argc == 3) return resolve(argv[2]);
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
