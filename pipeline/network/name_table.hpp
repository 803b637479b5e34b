// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/dns/message.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/name_messages.hpp"

namespace lxr::network {

// What a resolver does with a query.
struct name_decision {
  enum kind { answer, forward } what = answer;
  io::dns::response_code code = io::dns::response_code::no_error;  // answer
  std::vector<io::dns::answer_record> records;                     // answer
  // forward, and answers to a restricted container: who asks; valid until the table changes.
  const named_container* asking = nullptr;
};

// The names of an instance's containers. A container is known by the address that it asks from, and learns the names in
// its own networks only. Takes the same time however many names there are.
// Addresses are their 4 bytes, most significant first.
// Lifecycle: enter() networks before containers in them.
// Runs on: one strand.
// Owns: all that it was told.
class name_table {
 public:
  // Enters or changes a network.  Failure: throws errc::invalid_argument for what is no subnet.
  void enter(const served_network& network);
  [[nodiscard]] bool knows(const std::string& network) const { return networks_.contains(network); }
  // Enters a container, in place of one with this id. Another container that has one of its addresses is gone, and
  // loses it. Names that are no domain names are left out. The networks are known.
  // Failure: throws errc::invalid_argument for what is no address.
  void enter(named_container container);
  void leave(const std::string& id);
  // Forgets the networks without containers, and returns their directories.
  std::vector<std::string> forget_empty();
  // Returns true for an address in a network of the instance.
  [[nodiscard]] bool holds_address(std::string_view address) const;
  [[nodiscard]] bool is_empty() const noexcept { return containers_.empty(); }

  // Decides about a query from an address:
  //   - the names of containers in a network of the asking one, and its gateway's as host.containers.internal and
  //     host.docker.internal: their addresses; for types other than A, no records;
  //   - reverse names of addresses in networks of the instance: the container's name, where the asking one may know it;
  //   - other names: forwarded, unless the networks of the asking container are all internal;
  //   - all names that a restricted container may not ask for: refused;
  //   - questions from addresses of no container, and whole zones (AXFR): refused.
  [[nodiscard]] name_decision decide(std::string_view source, const io::dns::query& q) const;

 private:
  struct network_names {
    io::netlink::subnet range;
    std::string gateway;
    std::size_t members = 0;
    std::unordered_map<std::string, std::vector<std::string>> addresses;  // by name; in the order of their entering
    std::unordered_map<std::string, std::string> names;                   // by address: a container's own name
  };
  struct member {
    named_container as_told;
    std::vector<std::string> addresses;  // of its places
  };

  // Returns the addresses in all networks of the asking container; nullopt when none of them knows the name.
  [[nodiscard]] std::optional<std::vector<std::string>> find(const named_container& asking,
                                                             const std::string& name) const;
  [[nodiscard]] std::optional<name_decision> decide_reverse(const named_container& asking,
                                                            const io::dns::query& q) const;
  void remove(member& gone);

  std::map<std::string, network_names> networks_;       // by directory
  std::unordered_map<std::string, member> containers_;  // by id
  std::unordered_map<std::string, std::string> ids_;    // by address
};

}  // namespace lxr::network
