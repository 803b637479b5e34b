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
constexpr unsigned in_one_turn = 64;         // packets, before other coroutines run
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
    for (unsigned turn = 0;; ++turn) {
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
      const std::size_t limit = query.good->largest_answer();
      if (decided.what == name_decision::answer && decided.asking == nullptr) {
        send_to(socket.get(), dns::make_answer(*query.good, decided.code, decided.records, limit), from);
        continue;
      }
      auto held = share::take(forwarded_, source, forwarded_of_one, forwarded_of_all);
      if (!held) {
        send_to(socket.get(), dns::make_answer(*query.good, dns::response_code::server_failure, {}, limit), from);
        continue;
      }
      forwarding.spawn(answer_udp(socket.get(), std::move(*held), from,
                                  take(message, std::move(*query.good), std::move(decided), limit)));
    }
  } catch (...) {
    end = std::current_exception();
  }
  co_await forwarding.stop();
  std::rethrow_exception(end);
}

// Takes what it needs of the decision, which is valid only now.
dns_server::question dns_server::take(std::string_view message, dns::query asked, name_decision decided,
                                      std::size_t limit) {
  question out{std::string(message), std::move(asked), decided.asking->servers, {}, {}};
  if (decided.what == name_decision::answer)
    out.own = dns::make_answer(out.asked, decided.code, decided.records, limit);
  if (decided.asking->egress) {
    out.links = decided.asking->egress->links;
    out.message = dns::plain_query(out.asked);  // nothing else of the container's goes out
  }
  return out;
}

// A restricted container gets an answer once it may reach the addresses in it.
task<std::string> dns_server::admitted(const question& q, std::string answer) {
  auto parsed = dns::parse_answer(answer, q.asked);
  if (q.links.empty() || !parsed) co_return answer;
  if (!q.own) {
    dns::give_back_question(answer, q.asked);
    // No answer from outside leads to another container.
    std::erase_if(parsed->addresses, [this](const std::string& address) { return names_.holds_address(address); });
  }
  if (parsed->addresses.empty()) co_return answer;
  auto admitting = egress_.admit(q.links, {std::move(parsed->addresses), parsed->ttl.value_or(0), !q.own});
  if (co_await std::move(admitting)) co_return answer;
  co_return dns::make_answer(q.asked, dns::response_code::server_failure, {}, dns::smallest_udp_limit);
}

// Throws only lxr::cancelled: a failure must not end the service of others.
task<void> dns_server::answer_udp(int socket, share, sockaddr_storage to, question q) {
  std::string failed = dns::make_answer(q.asked, dns::response_code::server_failure, {}, dns::smallest_udp_limit);
  try {
    auto answering = try_answer_udp(socket, to, std::move(q));
    co_await std::move(answering);
    co_return;
  } catch (const cancelled&) {
    throw;
  } catch (const std::exception&) {
    send_to(socket, failed, to);
  }
}

task<void> dns_server::try_answer_udp(int socket, sockaddr_storage to, question q) {
  std::string answer = q.own.value_or("");
  const auto deliver = [&](std::string got) {
    if (q.links.empty()) {
      send_to(socket, got, to);
    } else {
      answer = std::move(got);
    }
  };
  if (!q.own) {
    auto asking = forwarder_.ask(q.message, q.asked, q.servers, dns_transport::udp, deliver);
    co_await std::move(asking);
  }
  if (answer.empty()) co_return;
  auto admitting = admitted(q, std::move(answer));
  const std::string good = co_await std::move(admitting);
  send_to(socket, good, to);
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
  if (decided.what == name_decision::answer && decided.asking == nullptr)
    co_return dns::make_answer(*query.good, decided.code, decided.records, dns::largest_message);
  const question q = take(message, std::move(*query.good), std::move(decided), dns::largest_message);
  const auto held = share::take(forwarded_, from, forwarded_of_one, forwarded_of_all);
  if (!held) co_return dns::make_answer(q.asked, dns::response_code::server_failure, {}, dns::smallest_udp_limit);
  std::string answer = q.own.value_or("");
  if (!q.own) {
    auto asking = forwarder_.ask(q.message, q.asked, q.servers, dns_transport::tcp,
                                 [&answer](std::string got) { answer = std::move(got); });
    co_await std::move(asking);
  }
  auto admitting = admitted(q, std::move(answer));
  co_return co_await std::move(admitting);
}

}  // namespace lxr::network
