// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/frames.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdio>
#include <stdexcept>
#include <thread>

namespace lxr::test {
namespace {

std::string bytes(const mac& m) { return {m.begin(), m.end()}; }
std::string number(std::uint16_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; }
std::string ipv4(const std::string& text) {
  in_addr a{};
  ::inet_pton(AF_INET, text.c_str(), &a);
  return {reinterpret_cast<const char*>(&a), sizeof a};
}
std::string ipv6(const char* text) {
  in6_addr a{};
  ::inet_pton(AF_INET6, text, &a);
  return {reinterpret_cast<const char*>(&a), sizeof a};
}

std::uint16_t checksum(const std::string& of) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < of.size(); i += 2) {
    sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(of[i])) << 8;
    if (i + 1 < of.size()) sum += static_cast<std::uint8_t>(of[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

mac mac_at(const std::string& frame, std::size_t at) {
  mac m{};
  if (frame.size() >= at + m.size())
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), m.size(), reinterpret_cast<char*>(m.data()));
  return m;
}

}  // namespace

mac parse_mac(const std::string& text) {
  mac m{};
  std::sscanf(text.c_str(), "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]);
  return m;
}

frame_socket::frame_socket(pid_t pid, const std::string& link) {
  int error = 0;
  std::thread([&] {  // its own network namespace ends with the thread, the socket stays in it
    const unique_fd space(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
    if (pid != 0 && ::setns(space.get(), CLONE_NEWNET) != 0) error = errno;
    fd_ = unique_fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(link.c_str()));
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) error = errno;
  })
      .join();
  if (error != 0) throw std::runtime_error("frame socket on " + link);
}

void frame_socket::send(const std::string& frame) const {
  if (::send(fd_.get(), frame.data(), frame.size(), 0) < 0) throw std::runtime_error("send frame");
}

int frame_socket::count(const std::function<bool(const std::string& frame)>& wanted) const {
  int n = 0;
  char buffer[2048];
  for (;;) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return n;
    if (from.sll_pkttype != PACKET_OUTGOING && wanted({buffer, static_cast<std::size_t>(got)})) ++n;
  }
}

mac target_of(const std::string& frame) { return mac_at(frame, 0); }
mac source_of(const std::string& frame) { return mac_at(frame, 6); }

std::string ethernet(const mac& to, const mac& from, std::uint16_t type, const std::string& payload) {
  return bytes(to) + bytes(from) + number(type) + payload;
}

std::string arp_reply(const mac& to, const mac& from, const std::string& address, const mac& mac_of_it,
                      const std::string& its_address) {
  const std::string body = number(1) + number(ETHERTYPE_IP) + std::string{6, 4} + number(2) + bytes(mac_of_it) +
                           ipv4(address) + bytes(to) + ipv4(its_address);
  return ethernet(to, from, ETHERTYPE_ARP, body);
}

std::string router_advertisement(const mac& from) {
  const std::string source = ipv6("fe80::bad"), target = ipv6("ff02::1"), year{'\x01', '\xe1', '\x33', '\x80'};
  const std::string prefix =
      std::string{3, 4, 64, '\xc0'} + year + year + std::string(4, '\0') + ipv6("2001:db8:bad::");
  const std::string link = std::string{1, 1} + bytes(from);
  const auto message = [&](std::uint16_t sum) {
    return std::string{'\x86', 0} + number(sum) + std::string{64, 0} + number(1800) + std::string(8, '\0') + link +
           prefix;
  };
  const auto size = static_cast<std::uint16_t>(message(0).size());
  const std::uint16_t sum =
      checksum(source + target + number(0) + number(size) + std::string{0, 0, 0, 58} + message(0));
  return ethernet(all_nodes, from, ETHERTYPE_IPV6,
                  std::string{0x60, 0, 0, 0} + number(size) + std::string{58, '\xff'} + source + target + message(sum));
}

std::string ipv4_packet(const mac& to, const mac& from, const std::string& source, const std::string& destination) {
  const auto header = [&](std::uint16_t sum) {
    return std::string{0x45, 0} + number(20) + std::string(4, '\0') + std::string{64, '\xfd'} + number(sum) +
           ipv4(source) + ipv4(destination);
  };
  return ethernet(to, from, ETHERTYPE_IP, header(checksum(header(0))));
}

}  // namespace lxr::test
