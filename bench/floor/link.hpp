// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

// The unavoidable rtnetlink(7) messages, written by hand: one per veth. Addresses in host byte order, /16.
namespace lxr::floor {

class links {
 public:
  links();
  ~links();
  links(const links&) = delete;
  links& operator=(const links&) = delete;

  int make_bridge(const std::string& name, std::uint32_t address);
  void remove(const std::string& name);
  // Host end `name` up, a port of the bridge that takes only its own address; peer "eth0" born down in the namespace of
  // `pid`. Neither makes IPv6 addresses. Index and hardware address follow from the `address` it is for.
  void make_veth(const std::string& name, int bridge, pid_t pid, std::uint32_t address);

 private:
  int fd_;
};

// In the container: lo up, address, eth0 up, default route, as one batch.
void configure_peer(std::uint32_t address, std::uint32_t gateway);
// Then, by a socket of the host's namespace: until the host end and the bridge work.
void await_links(int route, int bridge, std::uint32_t address);
int open_route();
// How many links have a name that starts with `prefix`.
int count_links(const std::string& prefix);

}  // namespace lxr::floor
