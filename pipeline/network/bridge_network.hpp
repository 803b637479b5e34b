// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/address_pool.hpp"

namespace lxr::network {

// The place of one container in the network.
struct attachment {
  io::netlink::ipv4 address = 0, gateway = 0;
  int prefix = 0;
  int bridge = 0;    // index of the bridge that it joins
  std::string link;  // the host end of the veth: "lv" and the first 12 digits of the id
  int link_index = 0;
  io::netlink::mac_address mac{};
};

// The bridge network of an instance: a subnet, one bridge per block of it (address_pool), of which the first has the
// gateway address, and one nft table that masquerades. It exists in the kernel from its first container to the removal
// of its last.
// Containers exchange no frames with each other: a container sends everything to the gateway, and the host routes it
// on, to the same bridge, another one or elsewhere. So no container sends ARP requests, and none can forge an answer.
// Lifecycle: take_address() makes the network if missing and takes an address; connect() makes the link once the
//   container's network namespace exists. release_address() frees the address (the link ends with the namespace).
//   remove_if_unused() sweeps addresses and removes the network. take_address() holds the network's lock file shared
//   for an instant; making and removing the network hold it alone.
// Runs on: one strand. connect() calls of one turn of the loop go to the kernel as one batch.
// Owns: a netlink socket and the mapped addresses.
// Borrows: the instance.
// Failure: throws lxr::error, errc::exhausted when addresses or ports run out; after a failed connect() the caller
//   releases the address.
// Cancel: none; connect() waits for the kernel's answer, and for a free port at most 5 s.
class bridge_network {
 public:
  explicit bridge_network(const instance& where);

  attachment take_address(const std::string& container_id);
  task<void> connect(const attachment& with, pid_t namespace_of);

  // Returns the messages that a container sends in its own network namespace: lo up, address, eth0 up, default route.
  static io::netlink::batch inner_configuration(const attachment& with);
  // Returns messages for the host's namespace that ask for the container's port and its bridge (put_link_question()),
  // so that both pass packets before the container's program runs.
  static io::netlink::batch link_questions(const attachment& with);
  // Returns the messages for a container without a network: lo up.
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
  std::vector<int> bridges_;  // their indices; 0: not looked up yet
  std::optional<address_pool> pool_;
  std::vector<request*> waiting_;
  bool flushing_ = false;
  waiter_list answered_;
};

// Removes the instance's network if no container has an address. Returns true when there is no network (any more).
bool remove_if_unused(const instance& where);
// Waits until no process has called take_address() for one second, then calls remove_if_unused(): a network that
// commands use one after the other is not made anew for each. One process of an instance waits at a time; in others
// this returns at once, because the first one holds a lock. Failure: throws lxr::error when the network cannot be
// removed. Cancel: ends the wait, and the removal is tried at once.
task<void> remove_when_idle(const instance& where);
// Removes the networks of instances whose state directory no longer exists.
void sweep_orphaned_networks();
// Frees the address of a container.
void release_address(const instance& where, const std::string& container_id, const std::string& address) noexcept;
std::string link_name(const std::string& container_id);

}  // namespace lxr::network
