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

io::channel::pipe_ends make_wide_pipe() {
  constexpr int room = 256 << 10;  // bytes
  io::channel::pipe_ends p = io::channel::make_pipe();
  ::fcntl(p.write.get(), F_SETPIPE_SZ, room);
  return p;
}

// Copies one direction of a connection to its end, through a pipe, so that no byte passes through this process.
// Failure: throws lxr::error when either side is reset.
task<void> copy(int from, int to, asio::any_io_executor executor) {
  constexpr std::size_t at_once = 1u << 20;
  const unique_fd watched_from(::fcntl(from, F_DUPFD_CLOEXEC, 0)), watched_to(::fcntl(to, F_DUPFD_CLOEXEC, 0));
  if (!watched_from || !watched_to) throw_errno("watch", "a connection");
  readiness source(executor, watched_from.get()), sink(executor, watched_to.get());
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
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) throw_errno(code, "connect to", "the container");
  co_return fd;
}

// One connection, from its acceptance to the end of both directions.
task<void> serve(unique_fd client, const published_port& port, nl::ipv4 target, semaphore::permit) {
  const auto executor = co_await asio::this_coro::executor;
  const int on = 1;
  try {
    auto connecting = connect_to(target, port.inner, executor);
    const unique_fd server = co_await std::move(connecting);
    for (const int socket : {client.get(), server.get()})
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool failed = false;
    {
      task_scope both(executor);
      both.spawn(copy(client.get(), server.get(), executor));
      both.spawn(copy(server.get(), client.get(), executor));
      try {
        co_await both.join();
      } catch (const error&) {
        failed = true;
      }
    }
    if (failed) reset_at_close(server.get());
    if (failed) reset_at_close(client.get());
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
  connections.cancel();
  try {
    co_await connections.join();
  } catch (const std::exception&) {
    // They were cancelled.
  }
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
