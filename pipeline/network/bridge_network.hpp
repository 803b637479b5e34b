// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/instance/number_pool.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/layout.hpp"
#include "pipeline/network/membership.hpp"

namespace lxr::network {

// The place of one container in a network.
struct attachment {
  layout in;  // as the network is in the kernel
  io::netlink::ipv4 address = 0;
  int position = 0;  // among the networks of the container: it is eth0, eth1 and so on there
  std::string link;  // the host end of the veth
  int link_index = 0;
  io::netlink::mac_address mac{};
};

// What a container asks of a network; without a value it gets any.
struct wanted_place {
  int position = 0;
  std::optional<io::netlink::ipv4> address;
  std::optional<io::netlink::mac_address> mac;
};

// A network of an instance: a subnet, a device with the gateway's address (gateway.hpp), an entry in the instance's
// firewall, and for each container a veth pair to which the host routes the container's address. It exists in the
// kernel from its first container to the removal of its last.
// No two containers share a link, so none sees another's frames or can forge its ARP answers or router advertisements;
// from each link the host takes only packets with the address that is routed there. All that a container sends goes to
// the gateway, and the host routes it on.
//
// Lifecycle: take_address() makes the network if missing and takes an address; connect() makes the link once the
//   container's network namespace exists. release_address() frees the address (the link ends with the namespace).
//   remove_if_unused() sweeps addresses and removes the network. take_address() holds the network's lock file shared
//   for an instant; making and removing the network hold it alone.
// Runs on: one strand. connect() calls of one turn of the loop go to the kernel as one batch.
// Owns: a netlink socket and the mapped addresses.
// Borrows: the instance.
// Failure: throws lxr::error, errc::exhausted when addresses run out, errc::conflict when another container has
//   the wanted address and errc::invalid_argument when that cannot be one; after a failed connect() the caller releases
//   the address.
// Cancel: none; connect() waits for the kernel's answer.
class bridge_network {
 public:
  bridge_network(const instance& where, layout wanted);

  attachment take_address(const std::string& container_id, const wanted_place& wanted = {});
  // `attempts`: how often it tries again where the link of an ended container lingers.
  task<void> connect(const attachment& with, pid_t namespace_of, int attempts = 20);

  // Returns the messages that a container sends in its own network namespace: lo up, and for each network address, link
  // up and routes. The default route leads through the first one that is not internal, unless there is one already.
  static io::netlink::batch inner_configuration(const std::vector<attachment>& with, bool has_default_route = false);
  // Returns messages for the host's namespace that ask for the host ends of the container's links
  // (put_link_question()), so that all pass packets before the container's program runs.
  static io::netlink::batch link_questions(const std::vector<attachment>& with);
  // Returns the messages for a container without a network: lo up.
  static io::netlink::batch loopback_configuration();

 private:
  bool find();
  std::uint32_t take_number(std::uint64_t owner, const wanted_place& wanted);
  void flush();
  struct request;
  void exchange(const std::vector<request*>& of, void (*put)(io::netlink::batch&, const request&));

  struct request {
    io::netlink::veth link;
    io::netlink::ipv4 address = 0, gateway = 0;
    bool done = false;
    int error = 0;
  };

  const instance& where_;
  io::netlink::socket route_;
  layout wanted_, made_;
  int device_ = 0;  // index of the gateway's device, when the network was last found
  std::optional<number_pool> pool_;
  std::vector<request*> waiting_;
  bool flushing_ = false;
  waiter_list answered_;
};

// Removes from the kernel each network of the instance in which no container has an address.
void remove_unused(const instance& where);
// The same for one network. Returns false when a container has an address in it.
bool remove_if_unused(const instance& where, const std::string& directory);
// Waits until no process has called take_address() for one second, then calls remove_unused(): a network that commands
// use one after the other is not made anew for each. One process of an instance waits at a time; in others this returns
// at once, because the first one holds a lock. Failure: throws lxr::error when a network cannot be removed. Cancel:
// ends the wait, and the removal is tried at once.
task<void> remove_when_idle(const instance& where);
// Removes the networks of instances whose state directory no longer exists.
void sweep_orphaned_networks();
// Frees the address of a container in the network with that directory.
void release_address(const instance& where, const std::string& directory, const std::string& container_id,
                     const std::string& address) noexcept;

}  // namespace lxr::network
