// SPDX-License-Identifier: Apache-2.0
// A link with latency: forwards TCP connections to 127.0.0.1:PORT and holds back everything for half of RTT_MS each
// way; a new connection costs one RTT more, as its handshake would. Bandwidth is not limited. Prints its port; ends
// with standard input.
//   delay_proxy PORT RTT_MS
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using clock_type = std::chrono::steady_clock;
using asio::awaitable;
using asio::use_awaitable;

namespace {

struct piece {
  clock_type::time_point due;
  std::vector<char> bytes;
};

// One direction of one connection.
struct lane {
  lane(std::shared_ptr<tcp::socket> source, std::shared_ptr<tcp::socket> sink)
      : from(std::move(source)), to(std::move(sink)), wake(from->get_executor(), clock_type::time_point::max()) {}
  std::shared_ptr<tcp::socket> from, to;
  asio::steady_timer wake;
  std::deque<piece> waiting;
  bool ended = false;
};

awaitable<void> receive(std::shared_ptr<lane> l, clock_type::duration delay, clock_type::time_point open) {
  for (;;) {
    std::vector<char> bytes(64 << 10);
    boost::system::error_code failure;
    const std::size_t got =
        co_await l->from->async_read_some(asio::buffer(bytes), asio::redirect_error(use_awaitable, failure));
    bytes.resize(got);
    if (got > 0) l->waiting.push_back({std::max(clock_type::now(), open) + delay, std::move(bytes)});
    l->ended = static_cast<bool>(failure);
    l->wake.cancel();
    if (failure) co_return;
  }
}

awaitable<void> send(std::shared_ptr<lane> l) {
  boost::system::error_code failure;
  for (;;) {
    while (l->waiting.empty() && !l->ended) co_await l->wake.async_wait(asio::redirect_error(use_awaitable, failure));
    if (l->waiting.empty()) break;
    piece next = std::move(l->waiting.front());
    l->waiting.pop_front();
    asio::steady_timer until(l->from->get_executor(), next.due);
    co_await until.async_wait(asio::redirect_error(use_awaitable, failure));
    co_await asio::async_write(*l->to, asio::buffer(next.bytes), asio::redirect_error(use_awaitable, failure));
    if (failure) break;
  }
  l->to->shutdown(tcp::socket::shutdown_send, failure);
}

awaitable<void> serve(std::shared_ptr<tcp::socket> client, tcp::endpoint target, clock_type::duration half) {
  const auto server = std::make_shared<tcp::socket>(client->get_executor());
  const auto open = clock_type::now() + 2 * half;
  co_await server->async_connect(target, use_awaitable);
  for (const auto& l : {std::make_shared<lane>(client, server), std::make_shared<lane>(server, client)}) {
    asio::co_spawn(client->get_executor(), receive(l, half, open), asio::detached);
    asio::co_spawn(client->get_executor(), send(l), asio::detached);
  }
}

awaitable<void> accept(tcp::acceptor& acceptor, tcp::endpoint target, clock_type::duration half) {
  for (;;) {
    auto client = std::make_shared<tcp::socket>(acceptor.get_executor());
    co_await acceptor.async_accept(*client, use_awaitable);
    client->set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), serve(client, target, half), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  asio::io_context loop(1);
  const auto loopback = asio::ip::address_v4::loopback();
  tcp::acceptor acceptor(loop, {loopback, 0});
  const tcp::endpoint target(loopback, static_cast<unsigned short>(std::atoi(argv[1])));
  asio::co_spawn(loop, accept(acceptor, target, std::chrono::microseconds(std::atoi(argv[2]) * 500)), asio::detached);
  asio::posix::stream_descriptor input(loop, ::dup(0));
  char byte = 0;
  input.async_read_some(asio::buffer(&byte, 1), [&](auto, auto) { loop.stop(); });
  std::printf("%d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  loop.run();
  return 0;
}
