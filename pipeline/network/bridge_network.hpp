#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/address_pool.hpp"

namespace lxr::network {

// What one container has on the network.
struct attachment {
  io::netlink::ipv4 address = 0, gateway = 0;
  int prefix = 0;
  int bridge = 0;  // index of the bridge it joins
  std::string link;  // host end of the veth: "lv" and 12 digits of the id
  int link_index = 0;
  io::netlink::mac_address mac{};
};

// The bridge network of an instance: a subnet, a bridge for each block of it (address_pool), the first of them holding the
// gateway address, and one nft table that masquerades. Containers exchange no frames with each other: whatever a container
// sends goes to the gateway, and the host routes it on, to the same bridge, another one, or elsewhere; so nobody asks who
// has an address (no ARP), and nobody can forge an answer. It exists in the kernel from its first container to the removal
// of its last.
// Lifecycle: take_address() finds or makes the network and takes an address; connect() makes the link once the
//   container's namespace exists. release_address() gives the address back (the link dies with the namespace);
//   remove_if_unused() sweeps and takes the network down. Taking an address holds the network's lock file shared for an
//   instant; making and removing hold it alone.
// Borrows the instance.
// Runs on: one strand. connect() calls made in the same turn of the loop go to the kernel as one batch.
class bridge_network {
 public:
  explicit bridge_network(const instance& where);

  attachment take_address(const std::string& container_id);
  task<void> connect(const attachment& with, pid_t namespace_of);

  // The messages a container sends in its own namespace: lo up, address, eth0 up, default route.
  static io::netlink::batch inner_configuration(const attachment& with);
  // Then, in the host's namespace: questions for the links that its packets pass.
  static io::netlink::batch link_questions(const attachment& with);
  // The same for a container without a network: lo up.
  static io::netlink::batch loopback_configuration();

 private:
  bool find();
  int bridge_of(std::uint32_t number);
  void flush();
  task<void> wait_for_port(const attachment& with) const;

  struct request {
    io::netlink::veth link;
    io::netlink::ipv4 address = 0;
    bool done = false;
    int error = 0;
  };

  const instance& where_;
  io::netlink::socket route_;
  io::netlink::subnet range_;
  std::vector<int> bridges_;  // indices, of those looked up so far; 0: not yet
  std::optional<address_pool> pool_;
  std::vector<request*> waiting_;
  bool flushing_ = false;
  waiter_list answered_;
};

// Takes the instance's network down when no container of it has an address any more. Returns true when it is gone.
bool remove_if_unused(const instance& where);
// The same, once nothing happened for a second: a network that is used again and again is not made anew each time.
// One process of an instance waits; others see its lock and leave it to it.
task<void> remove_when_idle(const instance& where);
// Removes networks of instances whose directories are gone.
void sweep_orphaned_networks();
// Gives the address of a container back.
void release_address(const instance& where, const std::string& container_id, const std::string& address) noexcept;
std::string link_name(const std::string& container_id);

}  // namespace lxr::network
