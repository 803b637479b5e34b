// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/port_relay.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>

#include "core/async/readiness.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/channel/pipe.hpp"
#include "pipeline/network/udp_relay.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr std::size_t connections_at_once = 1000;

bool is_again(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

// A socket whose close(2) resets the connection.
void reset_at_close(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// The error that a connection has run into, which this call clears; 0 for none.
int error_of(int socket) {
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

io::channel::pipe_ends make_wide_pipe() {
  constexpr int room = 256 << 10;  // bytes
  io::channel::pipe_ends p = io::channel::make_pipe();
  ::fcntl(p.write.get(), F_SETPIPE_SZ, room);
  return p;
}

// Copies one direction of a connection to its end, through a pipe, so that no byte passes through this process.
// Failure: throws lxr::error when either side is reset.
task<void> copy(int from, readiness& source, int to, readiness& sink) {
  constexpr std::size_t at_once = 1u << 20;
  const io::channel::pipe_ends between = make_wide_pipe();
  for (;;) {
    ssize_t got = ::splice(from, nullptr, between.write.get(), nullptr, at_once, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (got < 0 && is_again(errno)) {
      co_await source.readable();
      continue;
    }
    if (got < 0) throw_errno("read from", "a connection");
    if (got == 0) break;
    while (got > 0) {
      const ssize_t put = ::splice(between.read.get(), nullptr, to, nullptr, static_cast<std::size_t>(got),
                                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
      if (put > 0) got -= put;
      if (put < 0 && !is_again(errno)) throw_errno("write to", "a connection");
      if (put < 0) co_await sink.writable();
    }
  }
  ::shutdown(to, SHUT_WR);
}

task<unique_fd> connect_to(nl::ipv4 address, std::uint16_t port, asio::any_io_executor executor) {
  unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) throw_errno("make", "a socket");
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(address);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    if (errno != EINPROGRESS) throw_errno("connect to", "the container");
    readiness made(executor, fd.get());
    co_await made.writable();
  }
  const int code = error_of(fd.get());
  if (code != 0) throw_errno(code, "connect to", "the container");
  co_return fd;
}

// A peer that is gone without a word, as after a power cut, is found out after some two minutes (tcp(7)).
void prepare(int socket) {
  const int on = 1, idle = 60, interval = 20, probes = 3;  // seconds
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

// Ends both directions once a side is reset, which neither of them may notice: one waits for the other side. A side
// that is only closed in both directions may still hold bytes to be read.
task<void> watch(int socket, readiness& side, task_scope& directions) {
  co_await side.broken();
  if (error_of(socket) != 0) directions.cancel();
}

// Copies both directions to their ends.  Returns false when a side was reset.
task<bool> copy_both(int client, int server) {
  const auto executor = co_await asio::this_coro::executor;
  readiness at_client(executor, client), at_server(executor, server);
  task_scope directions(executor), watchers(executor);
  directions.spawn(copy(client, at_client, server, at_server));
  directions.spawn(copy(server, at_server, client, at_client));
  watchers.spawn(watch(client, at_client, directions));
  watchers.spawn(watch(server, at_server, directions));
  std::exception_ptr end;
  try {
    co_await directions.join();
  } catch (...) {
    end = std::current_exception();
  }
  co_await watchers.stop();
  co_return end == nullptr;
}

// One connection, from its acceptance to the end of both directions.
task<void> serve(unique_fd client, const published_port& port, nl::ipv4 target, semaphore::permit) {
  const auto executor = co_await asio::this_coro::executor;
  try {
    auto connecting = connect_to(target, port.inner, executor);
    const unique_fd server = co_await std::move(connecting);
    prepare(client.get());
    prepare(server.get());
    auto copying = copy_both(client.get(), server.get());
    if (co_await std::move(copying)) co_return;
    reset_at_close(server.get());
    reset_at_close(client.get());
  } catch (const error&) {
    reset_at_close(client.get());
  }
}

task<void> accept_all(const held_port& port, nl::ipv4 target) {
  const auto executor = co_await asio::this_coro::executor;
  semaphore room(connections_at_once);
  readiness incoming(executor, port.socket.get());
  asio::steady_timer pause(executor);
  task_scope connections(executor);
  std::exception_ptr end;
  try {
    for (;;) {
      semaphore::permit permit = co_await room.acquire();
      unique_fd client(::accept4(port.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (client) {
        connections.spawn(serve(std::move(client), port.port, target, std::move(permit)));
      } else if (is_again(errno)) {
        co_await incoming.readable();
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        pause.expires_after(std::chrono::milliseconds(100));  // until other connections have ended
        co_await pause.async_wait(as_result);
      }
    }
  } catch (...) {
    end = std::current_exception();
  }
  co_await connections.stop();
  std::rethrow_exception(end);
}

}  // namespace

task<void> relay_ports(const std::vector<held_port>& ports, nl::ipv4 target) {
  task_scope all(co_await asio::this_coro::executor);
  for (const held_port& p : ports) {
    if (p.socket && p.port.protocol == IPPROTO_TCP) all.spawn(accept_all(p, target));
    if (p.socket && p.port.protocol == IPPROTO_UDP) all.spawn(relay_udp(p, target));
  }
  co_await all.join();
}

}  // namespace lxr::network
