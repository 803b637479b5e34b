// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/netlink/socket.hpp"

struct nlattr;

// nf_tables over netlink (linux/netfilter/nf_tables.h; wiki.nftables.org), without the nft program. Everything that
// asks the kernel does so by netfilter_socket() and blocks until it has answered.
namespace lxr::io::netlink::nft {

enum class family : std::uint8_t { inet = 1, ipv4 = 2, ipv6 = 10 };  // NFPROTO_*

// A type of keys and data, by the number that the nft program knows it by, and its size in bytes.
struct type {
  std::uint32_t number, size;
};
inline constexpr type ipv4_address{7, 4}, protocol{12, 1}, port{13, 2}, link_group{35, 4}, link_name{41, 16};

// The bytes of one key or datum: its parts follow each other, each padded to four bytes.
using bytes = std::string;
bytes value_of(std::uint32_t in_host_order);  // such as link_group
bytes address_value(std::uint32_t in_host_order);
bytes port_value(std::uint16_t in_host_order);
bytes protocol_value(std::uint8_t number);
bytes link_name_value(const std::string& name);

// One rule in the making. load_*() calls append to a key; the next match or map uses the whole key and begins a new
// one. Lifecycle: transaction::add_rule() makes it; the destructor ends its message. Runs on: one thread. Borrows: the
// transaction.
class rule {
 public:
  rule(batch& to, nlmsghdr* message);
  ~rule();
  rule(const rule&) = delete;
  rule& operator=(const rule&) = delete;

  rule& only_ipv4();                   // before what reads an IPv4 header
  rule& load_meta(std::uint32_t key);  // NFT_META_*
  rule& load_ipv4_source();
  rule& load_ipv4_destination();
  rule& load_destination_port();     // TCP, UDP, SCTP
  rule& load_destination_scope();    // fib daddr type: RTN_*
  rule& load_connection_state();     // one bit per state, as NF_CT_STATE_BIT()
  rule& load_connection_status();    // IPS_*
  rule& with_mask(std::uint32_t m);  // the part loaded last, in host order

  rule& is(std::string_view value);  // of the part loaded first; a shorter value: begins with it
  rule& is_not(std::string_view value);
  rule& in(const char* set);
  rule& not_in(const char* set);

  rule& count();  // packets and bytes

  // Ends the rule with what happens to the packet.
  void accept();
  void drop();
  void reject();  // ICMP: administratively prohibited
  void jump(const char* chain);
  void jump_by(const char* map);  // looks up the key in a map to chains
  void go_to(const char* chain);
  void back();  // to the chain that this one was called from by jump()
  void masquerade();
  // Looks up the key in a map to (IPv4 address, port), and goes there.
  void dnat_by(const char* map);

 private:
  void load(std::uint32_t size, const char* name, std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> what,
            std::uint16_t destination);
  rule& load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size);
  rule& compare(std::uint32_t operation, std::string_view value);
  rule& look_up(const char* set, bool inverted);
  void verdict(std::int32_t code, const char* chain = nullptr);

  batch& to_;
  nlmsghdr* message_;
  nlattr* expressions_;
  std::uint32_t words_ = 0;  // of the key so far, in registers of 4 bytes
};

enum class set_kind {
  values,
  ranges,   // of keys
  expiring  // its elements end by themselves
};

// Changes of one table that the kernel makes all at once or not at all.
// Lifecycle: calls that add changes, then commit(), once.
// Runs on: one thread.
// Owns: the messages.
// Failure: commit() throws error{errc::unsupported} when the kernel lacks a part of nf_tables, otherwise that of the
//   first refused change, by its subject. try_commit() returns all refused changes; then nothing was changed.
class transaction {
 public:
  transaction(family of, std::string table);

  // Makes the table; no error if it exists. `comment` is stored in a new one (comment_limit).
  void add_table(const std::string& comment);
  void delete_table();
  // A chain that exists stays, without its rules.
  void add_chain(const char* chain);
  // `kind` is filter, nat or route; `hook` NF_INET_*. Packets that no rule decides about are accepted.
  void add_base_chain(const char* chain, const char* kind, std::uint32_t hook, std::int32_t priority);
  // A set that exists stays, with its elements.
  void add_set(const char* set, std::initializer_list<type> key, set_kind kind = set_kind::values);
  void add_map(const char* map, std::initializer_list<type> key, std::initializer_list<type> data);
  // A map to chains, for rule::jump_by().
  void add_chain_map(const char* map, std::initializer_list<type> key);
  void delete_chain(const char* chain);  // with its rules; EBUSY while something leads to it
  void delete_set(const char* set);      // EBUSY while a rule uses it
  rule add_rule(const char* chain);
  // Adds a rule before all others, with a comment that list_rules() shows.
  rule insert_rule(const char* chain, std::string_view comment);
  void delete_rule(const char* chain, std::uint64_t handle);

  // An element that exists stays.
  void keep_element(const char* set, std::string_view key);
  void keep_range(const char* set, std::string_view first, std::string_view behind);
  // Adds to an expiring set. One that exists makes the change fail with EEXIST.
  void add_expiring(const char* set, std::string_view key, std::chrono::milliseconds life);
  // Adds to a map to chains, or changes it.
  void keep_jump(const char* map, std::string_view key, const char* chain);
  // Adds to a map; `comment` is stored with the element. One that exists makes the change fail with EEXIST.
  void add_element(const char* map, std::string_view key, std::string_view data, std::string_view comment);
  // An element that does not exist makes the change fail with ENOENT.
  void delete_element(const char* set, std::string_view key);
  void delete_range(const char* set, std::string_view first, std::string_view behind);

  void commit();
  struct refusal {
    std::uint32_t change;  // which one, counted from 0 in a transaction of add_element() and delete_element() only
    int error;             // errno
  };
  std::vector<refusal> try_commit();

  static constexpr std::size_t comment_limit = 250;  // bytes; the rest is cut off

 private:
  nlmsghdr* start(int type, std::uint16_t flags, std::string subject);
  struct parts {
    std::string_view key, data, comment;
    const char* chain = nullptr;  // as data
    std::uint32_t flags = 0;
    std::chrono::milliseconds life{};
  };
  void put_set(const char* set, std::initializer_list<type> key, std::initializer_list<type> data, std::uint32_t flags);
  rule put_rule(std::uint16_t flags, const char* chain, std::string_view comment);
  void put_element(int type, std::uint16_t flags, const char* set, const parts& of);
  std::vector<socket::failure> send();

  family family_;
  std::string table_;
  batch changes_;
  std::uint32_t sets_ = 0;
};

struct table {
  family of;
  std::string name, comment;
};
std::vector<table> list_tables();

// Removes a table; a missing one is no error.
void remove_table(family of, const std::string& name);

struct listed_rule {
  std::uint64_t handle = 0;
  std::string comment;
};
// Returns the rules of a chain; none when it does not exist.
std::vector<listed_rule> list_rules(family of, const std::string& table, const std::string& chain);

// Returns the names of a table's chains; none when it does not exist.
std::vector<std::string> list_chains(family of, const std::string& table);

struct element {
  bytes key, data;  // data: in a map to chains, the chain's name
  std::string comment;
};
// Returns the elements of a set or map; none when it does not exist.
std::vector<element> list_elements(family of, const std::string& table, const std::string& set);
// Returns the element with this key; nullopt when there is none.
std::optional<element> find_element(family of, const std::string& table, const std::string& set, std::string_view key);

}  // namespace lxr::io::netlink::nft
