// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/udp_relay.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <string>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/channel/datagram.hpp"

namespace lxr::network {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t senders_at_once = 1000;
constexpr auto idle_limit = std::chrono::seconds(60);
constexpr std::size_t largest_packet = 65536;

struct sender {
  io::channel::datagram_peer from;
  unique_fd socket;  // connected to the container
  clock::time_point last;
  bool is_over = false;  // another sender needs its place
};

class udp_relay {
 public:
  udp_relay(const held_port& port, io::netlink::ipv4 target, asio::any_io_executor executor)
      : port_(port), target_(target), executor_(std::move(executor)), answers_(executor_), buffer_(largest_packet) {
    io::channel::ask_for_destination(port.socket.get());
  }

  task<void> run() {
    std::exception_ptr end;
    try {
      readiness incoming(executor_, port_.socket.get());
      for (;;) {
        io::channel::datagram_peer from;
        const ssize_t got = io::channel::receive_datagram(port_.socket.get(), buffer_, from);
        if (got >= 0) {
          pass_on(from, static_cast<std::size_t>(got));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
          co_await incoming.readable();
        }
      }
    } catch (...) {
      end = std::current_exception();
    }
    co_await answers_.stop();
    std::rethrow_exception(end);
  }

 private:
  void pass_on(const io::channel::datagram_peer& from, std::size_t size) {
    auto known = senders_.find(from.key());
    if (known == senders_.end()) {
      if (senders_.size() >= senders_at_once) make_room();
      unique_fd socket = connect();
      if (!socket) return;
      known = senders_.emplace(from.key(), sender{from, std::move(socket), clock::now(), false}).first;
      answers_.spawn(answer(known->first));
    }
    known->second.last = clock::now();
    static_cast<void>(!::send(known->second.socket.get(), buffer_.data(), size, MSG_DONTWAIT));
  }

  // Ends the sender that has been idle for longest.
  void make_room() {
    auto oldest = senders_.end();
    for (auto s = senders_.begin(); s != senders_.end(); ++s) {
      if (!s->second.is_over && (oldest == senders_.end() || s->second.last < oldest->second.last)) oldest = s;
    }
    if (oldest == senders_.end()) return;
    oldest->second.is_over = true;
    ::shutdown(oldest->second.socket.get(), SHUT_RDWR);  // its answer() wakes up
  }

  [[nodiscard]] unique_fd connect() const {
    unique_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_.port.inner);
    to.sin_addr.s_addr = htonl(target_);
    if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fd.reset();
    return fd;
  }

  // Passes the container's answers back to one sender until neither has sent anything for a while.
  task<void> answer(std::string key) {
    sender& s = senders_.at(key);
    {
      readiness answers(executor_, s.socket.get());
      while (!s.is_over && clock::now() - s.last < idle_limit) {
        const ssize_t got = ::recv(s.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (s.is_over) break;
        if (got >= 0) {
          s.last = clock::now();
          io::channel::answer_datagram(port_.socket.get(), {buffer_.data(), static_cast<std::size_t>(got)}, s.from);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
          co_await within_idle_limit(answers);
        }
      }
    }
    senders_.erase(key);
  }

  // Waits for a packet, at most as long as a sender may be idle.
  task<void> within_idle_limit(readiness& answers) {
    try {
      auto waiting = answers.readable();
      co_await with_deadline(idle_limit, std::move(waiting), "wait for", "a packet");
    } catch (const error& e) {
      if (e.code() != errc::timed_out) throw;
    }
  }

  const held_port& port_;
  io::netlink::ipv4 target_;
  asio::any_io_executor executor_;
  std::map<std::string, sender> senders_;  // by datagram_peer::key()
  task_scope answers_;
  std::vector<char> buffer_;  // never used across a co_await
};

}  // namespace

task<void> relay_udp(const held_port& port, io::netlink::ipv4 target) {
  udp_relay relay(port, target, co_await asio::this_coro::executor);
  co_await relay.run();
}

}  // namespace lxr::network
