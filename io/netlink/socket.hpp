// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

struct nlmsghdr;

namespace lxr::io::netlink {

// A buffer of netlink requests that are sent with one system call.
// Lifecycle: start(), attributes, finish() for each message, in this order; clear() makes the batch empty again.
// Owns: the bytes of the messages, and for each the text that errors use as its subject.
// Source: netlink(7), rtnetlink(7). message.hpp builds the messages.
class batch {
 public:
  // Starts a message of at most 1,024 bytes; the caller adds the family header and attributes before finish(). The
  // returned pointer is valid until the next start(). `subject` names in errors what the message is about.
  nlmsghdr* start(std::uint16_t type, std::uint16_t flags, std::string subject);
  // Ends the message that start() began; it must not change afterwards.
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

// A netlink socket in the network namespace that it was opened in.
// Lifecycle: open() or open_events() opens it; the destructor closes it.
// Runs on: any thread, one at a time; calls block until the kernel has answered.
// Failure: throws lxr::error when a call fails; what the kernel refuses is returned by exchange(), thrown by the
//   others.
class socket {
 public:
  static socket open(int protocol);  // NETLINK_ROUTE, NETLINK_NETFILTER
  // Opens a socket in another network namespace, by the path of a file that stands for it.
  static socket open_in(const std::string& network_namespace, int protocol);
  // Opens a socket that only receives the notifications of a multicast group (such as RTNLGRP_LINK).
  static socket open_events(int protocol, int group);
  // Reads and drops the notifications that have arrived so far.
  void drain() const noexcept;

  struct failure {
    std::uint32_t sequence;  // which message of the batch failed, from 1
    int error;               // errno
  };
  // Sends the batch and waits for the acknowledgement of every message that has NLM_F_ACK. Returns the messages that
  // failed.
  std::vector<failure> exchange(const batch& requests) const;
  // Like exchange(); throws the first failure, with the subject of that message.
  void exchange_or_throw(const batch& requests, const std::string& operation) const;
  // Sends one dump request (NLM_F_DUMP) and calls `each` for every message of the answer.
  void dump(const batch& request, const std::function<void(const nlmsghdr*)>& each) const;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  unique_fd fd_;
};

// The socket of this process for NETLINK_NETFILTER, in the network namespace of the first caller. It stays open:
// closing any such socket waits until the kernel has freed what transactions have removed, some 10 ms (RCU). Runs on:
// one thread. A process that was forked gets one of its own.
const socket& netfilter_socket();

}  // namespace lxr::io::netlink
