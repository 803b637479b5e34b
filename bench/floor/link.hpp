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
  // Host end `name` up in the bridge, peer "eth0" born down in the namespace of `pid`; neither makes IPv6 addresses.
  void make_veth(const std::string& name, int bridge, pid_t pid);

 private:
  int fd_;
};

// In the container: lo up, address, eth0 up, default route, as one batch.
void configure_peer(std::uint32_t address, std::uint32_t gateway);
// How many links have a name that starts with `prefix`.
int count_links(const std::string& prefix);

}  // namespace lxr::floor
