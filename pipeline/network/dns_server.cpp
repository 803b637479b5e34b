// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <optional>

#include "core/async/pause.hpp"
#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "pipeline/network/dns_stream.hpp"

namespace lxr::network {
namespace {

namespace dns = io::dns;

constexpr std::size_t longest_query = 4096;  // bytes
constexpr int in_one_turn = 64;              // packets, before other coroutines run
constexpr std::size_t forwarded_of_one = 100, forwarded_of_all = 1000;
constexpr std::size_t connections_of_one = 64, connections_of_all = 512;
constexpr auto idle_limit = std::chrono::seconds(10);

// The bytes of the address that a packet or a connection comes from.
std::string source_of(const sockaddr_storage& from) {
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
  if (from.ss_family != AF_INET) return "";
  return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr};
}

void send_to(int socket, const std::string& message, const sockaddr_storage& to) noexcept {
  // A full queue loses the answer, as a link may.
  static_cast<void>(!::sendto(socket, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&to), sizeof(sockaddr_in)));
}

}  // namespace

// One unit of a bound, held until destruction.
class dns_server::share {
 public:
  // Returns nullopt when the source, or all together, have their limit.
  static std::optional<share> take(usage& of, const std::string& source, std::size_t of_one, std::size_t of_all) {
    std::size_t& mine = of.of_source[source];
    if (mine >= of_one || of.all >= of_all) {
      if (mine == 0) of.of_source.erase(source);
      return std::nullopt;
    }
    ++mine;
    ++of.all;
    return share(of, source);
  }
  share(share&& other) noexcept : of_(std::exchange(other.of_, nullptr)), source_(std::move(other.source_)) {}
  share& operator=(share&&) = delete;
  ~share() {
    if (of_ == nullptr) return;
    --of_->all;
    const auto mine = of_->of_source.find(source_);
    if (--mine->second == 0) of_->of_source.erase(mine);
  }

 private:
  share(usage& of, std::string source) : of_(&of), source_(std::move(source)) {}
  usage* of_;
  std::string source_;
};

task<void> dns_server::serve_udp(unique_fd socket) {
  const auto executor = co_await asio::this_coro::executor;
  task_scope forwarding(executor);
  readiness incoming(executor, socket.get());
  std::array<char, longest_query> buffer;
  std::exception_ptr end;
  try {
    for (int turn = 0;; ++turn) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) {
        co_await incoming.readable();
        continue;
      }
      if (turn % in_one_turn == in_one_turn - 1) {
        co_await asio::post(executor, asio::use_awaitable);
        co_await checkpoint();
      }
      const std::string_view message(buffer.data(), static_cast<std::size_t>(got));
      auto query = dns::parse_query(message);
      if (query.error) send_to(socket.get(), dns::error_answer(message, *query.error), from);
      if (!query.good) continue;
      const std::string source = source_of(from);
      name_decision decided = names_.decide(source, *query.good);
      if (decided.what == name_decision::answer) {
        const std::size_t limit = query.good->largest_answer();
        send_to(socket.get(), dns::make_answer(*query.good, decided.code, decided.records, limit), from);
        continue;
      }
      forwarding.spawn(forward_udp(socket.get(), source, from, std::string(message), std::move(*query.good),
                                   decided.asking->servers));
    }
  } catch (...) {
    end = std::current_exception();
  }
  co_await forwarding.stop();
  std::rethrow_exception(end);
}

task<void> dns_server::forward_udp(int socket, std::string from, sockaddr_storage to, std::string message,
                                   dns::query asked, std::vector<std::string> servers) {
  const auto held = share::take(forwarded_, from, forwarded_of_one, forwarded_of_all);
  if (!held) {
    send_to(socket, dns::make_answer(asked, dns::response_code::server_failure, {}, dns::smallest_udp_limit), to);
    co_return;
  }
  auto asking = forwarder_.ask(std::move(message), std::move(asked), std::move(servers), dns_transport::udp,
                               [&](const std::string& answer) { send_to(socket, answer, to); });
  co_await std::move(asking);
}

task<void> dns_server::serve_tcp(unique_fd socket) {
  const auto executor = co_await asio::this_coro::executor;
  task_scope connections(executor);
  readiness incoming(executor, socket.get());
  std::exception_ptr end;
  try {
    for (;;) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      unique_fd connection(
          ::accept4(socket.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (connection) {
        connections.spawn(serve_connection(std::move(connection), source_of(from)));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        co_await incoming.readable();
      } else {
        co_await pause(std::chrono::milliseconds(20));  // no descriptor is free
      }
    }
  } catch (...) {
    end = std::current_exception();
  }
  co_await connections.stop();
  std::rethrow_exception(end);
}

// Throws only lxr::cancelled: a failure must not end the other connections.
task<void> dns_server::serve_connection(unique_fd connection, std::string from) {
  const auto held = share::take(connections_, from, connections_of_one, connections_of_all);
  if (!held) co_return;
  try {
    dns_stream stream(co_await asio::this_coro::executor, connection.get());
    for (;;) {
      auto receiving = stream.receive(longest_query);
      auto message = co_await with_deadline(idle_limit, std::move(receiving), "receive", "query");
      if (!message) co_return;
      auto answering = answer_tcp(from, std::move(*message));
      std::string answer = co_await std::move(answering);
      if (answer.empty()) co_return;
      auto sending = stream.send(std::move(answer));
      co_await with_deadline(idle_limit, std::move(sending), "send", "answer");
    }
  } catch (const error&) {
    // The connection broke, its client sent nonsense, or it was idle.
  }
}

// Returns "" for a message that gets no answer.
task<std::string> dns_server::answer_tcp(const std::string& from, std::string message) {
  auto query = dns::parse_query(message);
  if (query.error) co_return dns::error_answer(message, *query.error);
  if (!query.good) co_return "";
  name_decision decided = names_.decide(from, *query.good);
  if (decided.what == name_decision::answer)
    co_return dns::make_answer(*query.good, decided.code, decided.records, dns::largest_message);
  const auto held = share::take(forwarded_, from, forwarded_of_one, forwarded_of_all);
  if (!held) co_return dns::make_answer(*query.good, dns::response_code::server_failure, {}, dns::smallest_udp_limit);
  std::vector<std::string> servers = decided.asking->servers;
  std::string out;
  auto asking = forwarder_.ask(std::move(message), std::move(*query.good), std::move(servers), dns_transport::tcp,
                               [&out](std::string answer) { out = std::move(answer); });
  co_await std::move(asking);
  co_return out;
}

}  // namespace lxr::network
