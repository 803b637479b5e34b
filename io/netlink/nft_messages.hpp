// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <string>
#include <vector>

#include "io/netlink/route.hpp"

// The parts that nf_tables messages consist of (linux/netfilter/nf_tables.h). Included by nft.cpp only.
namespace lxr::io::netlink::nft {

// The longest comment of a table that lxr stores, in bytes; put_table() cuts longer ones.
inline constexpr std::size_t comment_limit = 250;

// Adds the message that begins or ends a transaction (NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END). The kernel applies all
// messages between these two, or none.
void put_edge(batch& b, std::uint16_t type);
// Starts a message with the header of family ip.
nlmsghdr* start(batch& b, int type, std::uint16_t flags, const std::string& subject);
// `comment` is stored in a new table.
void put_table(batch& b, int type, std::uint16_t flags, const std::string& table, const std::string& comment = {});
// Adds three messages that leave the table empty, whether it existed or not: create (no error when it exists), delete,
// create.
void put_fresh_table(batch& b, const std::string& table, const std::string& comment);
// Adds a chain; with `type` nullptr a chain without a hook, which only rules of other chains jump to.
void put_chain(batch& b, const std::string& table, const char* chain, const char* type, std::uint32_t hook,
               std::uint32_t priority);
// Sends a transaction.  Failure: throws error{errc::unsupported} when the kernel lacks a part of nf_tables that it
// needs.
void apply(const batch& b);

// One expression of a rule.
// Lifecycle: the constructor writes its name; number() and value() add attributes; the destructor closes it.
// Borrows: the message.
class expression {
 public:
  expression(nlmsghdr* h, const char* name);
  ~expression();
  expression(const expression&) = delete;
  expression& operator=(const expression&) = delete;
  void number(std::uint16_t attribute, std::uint32_t value);
  void value(std::uint16_t attribute, const void* bytes, std::size_t size);
  [[nodiscard]] nlmsghdr* header() const noexcept { return header_; }

 private:
  nlmsghdr* header_;
  nlattr* element_;
  nlattr* data_;
};

}  // namespace lxr::io::netlink::nft
