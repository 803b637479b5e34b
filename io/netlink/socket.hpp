#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

struct nlmsghdr;

namespace lxr::io::netlink {

// One netlink conversation in progress: requests put one behind the other, sent in one system call.
// Source: netlink(7), rtnetlink(7). Messages are built with message.hpp.
class batch {
 public:
  // Starts a message; the caller adds the family header and attributes to it before the next start().
  // `subject` names what the message is about, for errors.
  nlmsghdr* start(std::uint16_t type, std::uint16_t flags, std::string subject);
  // Ends the message started last: it must not be changed afterwards.
  void finish();

  [[nodiscard]] const std::vector<char>& bytes() const noexcept { return buffer_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(subjects_.size()); }
  [[nodiscard]] const std::string& subject(std::uint32_t sequence) const { return subjects_.at(sequence - 1); }
  void clear();

 private:
  static constexpr std::size_t message_room = 1024;
  std::vector<char> buffer_;
  std::size_t current_ = 0;
  std::vector<std::string> subjects_;
};

// A netlink socket in the network namespace it was opened in. Calls block for as long as the kernel works on them.
class socket {
 public:
  static socket open(int protocol);  // NETLINK_ROUTE, NETLINK_NETFILTER
  // One that only receives the notifications of a multicast group (RTNLGRP_LINK).
  static socket open_events(int protocol, int group);
  // Reads what has arrived so far and forgets it.
  void drain() const noexcept;

  struct failure {
    std::uint32_t sequence;  // which message of the batch, from 1
    int error;               // errno
  };
  // Sends the batch and collects every acknowledgement; returns the messages that failed. All messages need NLM_F_ACK.
  std::vector<failure> exchange(const batch& requests) const;
  // The same; throws the first failure as an error about the message's subject.
  void exchange_or_throw(const batch& requests, const std::string& operation) const;
  // One dump request (NLM_F_DUMP); calls `each` for every message of the answer.
  void dump(const batch& request, const std::function<void(const nlmsghdr*)>& each) const;
  // nf_tables: messages between NFNL_MSG_BATCH_BEGIN and _END, applied as one transaction or not at all.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  unique_fd fd_;
};

}  // namespace lxr::io::netlink
