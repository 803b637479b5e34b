// SPDX-License-Identifier: Apache-2.0
// Times DNS lookups, one after the other, by UDP:
//   lookup SERVER ROUNDS NAME ...
// asks SERVER (an IPv4 address) for the A records of the names, in turn, ROUNDS times in all. Prints
//   answered N of ROUNDS, p50 X ms, p99 Y ms, max Z ms
// An answer counts when it has at least one record. Waits at most 2 s for each.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::string query_for(const std::string& name, unsigned id) {
  std::string out{static_cast<char>(id >> 8), static_cast<char>(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (std::size_t at = 0; at < name.size();) {
    const auto end = std::min(name.find('.', at), name.size());
    out += static_cast<char>(end - at);
    out += name.substr(at, end - at);
    at = end + 1;
  }
  return out + std::string{0, 0, 1, 0, 1};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: lookup SERVER ROUNDS NAME ...\n");
    return 2;
  }
  const unsigned rounds = static_cast<unsigned>(std::atoi(argv[2]));
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  if (::inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
      ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    std::perror(argv[1]);
    return 1;
  }
  std::vector<double> times;
  for (unsigned i = 0; i < rounds; ++i) {
    const unsigned id = i % 65536;
    const std::string query = query_for(argv[3 + i % static_cast<unsigned>(argc - 3)], id);
    const auto begin = std::chrono::steady_clock::now();
    if (::send(fd, query.data(), query.size(), 0) < 0) continue;
    pollfd ready{fd, POLLIN, 0};
    while (::poll(&ready, 1, 2000) > 0) {
      unsigned char answer[4096];
      const ssize_t got = ::recv(fd, answer, sizeof answer, 0);
      if (got < 12 || answer[0] != id >> 8 || answer[1] != (id & 0xff)) continue;
      const auto end = std::chrono::steady_clock::now();
      if (answer[7] != 0) times.push_back(std::chrono::duration<double, std::milli>(end - begin).count());
      break;
    }
  }
  std::ranges::sort(times);
  const auto at = [&times](double share) {
    return times.empty()
               ? 0
               : times[std::min(times.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times.size())))];
  };
  std::printf("answered %zu of %u, p50 %.3f ms, p99 %.3f ms, max %.3f ms\n", times.size(), rounds, at(0.5), at(0.99),
              at(1));
  return times.size() == rounds ? 0 : 1;
}
