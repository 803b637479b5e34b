#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <string>
#include <vector>

#include "io/netlink/route.hpp"

// What the messages of nf_tables consist of (linux/netfilter/nf_tables.h). Included by nft.cpp only.
namespace lxr::io::netlink::nft {

// What a table keeps of its comment, in bytes.
inline constexpr std::size_t comment_limit = 250;

// Begins or ends a transaction (NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END).
void put_edge(batch& b, std::uint16_t type);
// A message about family ip, with its family header.
nlmsghdr* start(batch& b, int type, std::uint16_t flags, const std::string& subject);
// `comment` is kept with a new table.
void put_table(batch& b, int type, std::uint16_t flags, const std::string& table, const std::string& comment = {});
// The table, empty, whatever it was before.
void put_fresh_table(batch& b, const std::string& table, const std::string& comment);
// `type` empty: one that only other chains lead to.
void put_chain(batch& b, const std::string& table, const char* chain, const char* type, std::uint32_t hook, std::uint32_t priority);
// Sends a transaction; throws error{errc::unsupported} when the kernel lacks a part of it.
void apply(const batch& b);

// One expression of a rule: its name and, for the life of this object, its attributes.
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
