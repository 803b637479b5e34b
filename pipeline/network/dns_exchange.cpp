// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_exchange.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "pipeline/network/dns_stream.hpp"

namespace lxr::network {
namespace {

namespace dns = io::dns;

constexpr auto patience = std::chrono::seconds(2);
constexpr auto tick = std::chrono::milliseconds(100);
constexpr std::size_t spare_of_server = 4, servers_with_spare = 16;
constexpr int questions_of_port = 8;
constexpr auto spare_life = std::chrono::seconds(10);  // the host's routes may have changed since

struct server_address {
  sockaddr_storage address{};
  socklen_t size = 0;
};

std::optional<server_address> parse_server(const std::string& text) {
  constexpr std::uint16_t port = 53;
  server_address out;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.address);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
    return out;
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
  const auto percent = text.find('%');
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6->sin6_addr) != 1) return std::nullopt;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  if (percent != std::string::npos) v6->sin6_scope_id = ::if_nametoindex(text.substr(percent + 1).c_str());
  out.size = sizeof *v6;
  return out;
}

std::uint16_t random_id() {
  std::uint16_t out = 0;
  static_cast<void>(!::getrandom(&out, sizeof out, 0));
  return out;
}

// Returns a socket that takes packets of this server only; an empty one when the server cannot be reached.
unique_fd connect(const std::string& server, int type) {
  const auto to = parse_server(server);
  if (!to) return {};
  unique_fd fd(::socket(to->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to->address), to->size) != 0 && errno != EINPROGRESS)
    fd.reset();
  return fd;
}

task<std::string> ask_by_tcp(unique_fd socket, std::string message, const dns::query& asked) {
  dns_stream stream(co_await asio::this_coro::executor, socket.get());
  auto sending = stream.send(std::move(message));
  co_await std::move(sending);
  auto receiving = stream.receive(dns::largest_message);
  auto answer = co_await std::move(receiving);
  if (!answer || !dns::parse_answer(*answer, asked)) throw error(errc::corrupt, "read", "answer of DNS server");
  co_return std::move(*answer);
}

}  // namespace

// A connected UDP socket, for one question at a time.
struct dns_exchange::connection {
  connection(const asio::any_io_executor& executor, unique_fd s, std::string to)
      : socket(std::move(s)), ready(executor, socket.get()), server(std::move(to)), made(clock::now()) {}
  unique_fd socket;
  readiness ready;
  std::string server;
  clock::time_point made, end;
  int questions = 0;
  bool is_late = false;
};

dns_exchange::dns_exchange(asio::any_io_executor executor) : executor_(std::move(executor)), soon_(executor_) {}
dns_exchange::~dns_exchange() = default;

std::unique_ptr<dns_exchange::connection> dns_exchange::take(const std::string& server) {
  auto& spare = spare_[server];
  while (!spare.empty()) {
    auto out = std::move(spare.back());
    spare.pop_back();
    if (clock::now() - out->made < spare_life) return out;
  }
  unique_fd socket = connect(server, SOCK_DGRAM);
  return socket ? std::make_unique<connection>(executor_, std::move(socket), server) : nullptr;
}

void dns_exchange::tidy() {
  if (spare_.size() > servers_with_spare) spare_.clear();  // containers may name any number of servers
  for (auto& used : std::exchange(spent_, {})) {
    const std::string server = std::move(used->server);
    used.reset();
    auto& spare = spare_[server];
    if (spare.size() >= spare_of_server) continue;
    unique_fd socket = connect(server, SOCK_DGRAM);
    if (socket) spare.push_back(std::make_unique<connection>(executor_, std::move(socket), server));
  }
}

// One timer for all questions, which is late by a tick.
void dns_exchange::watch_time() {
  if (is_watching_ || waiting_.empty()) return;
  is_watching_ = true;
  soon_.expires_after(tick);
  soon_.async_wait([this](const boost::system::error_code& failure) {
    if (failure) return;
    is_watching_ = false;
    end_late_ones();
    watch_time();
  });
}

void dns_exchange::end_late_ones() {
  const auto now = clock::now();
  for (connection* c : waiting_) {
    if (c->end > now) break;
    c->is_late = true;
    ::shutdown(c->socket.get(), SHUT_RDWR);  // wakes up ask_by_udp()
  }
}

task<std::optional<std::string>> dns_exchange::ask_by_udp(const std::string& server, std::string message,
                                                          dns::query asked) {
  const std::uint16_t id = std::exchange(asked.id, random_id());
  dns::set_id(message, asked.id);
  auto c = take(server);
  if (!c || ::send(c->socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) co_return std::nullopt;
  c->end = clock::now() + patience;
  const auto place = waiting_.insert(waiting_.end(), c.get());
  watch_time();
  std::optional<std::string> out;
  std::exception_ptr end;
  try {
    for (;;) {
      co_await c->ready.readable();
      const auto buffer = std::make_unique_for_overwrite<char[]>(dns::largest_message);
      const ssize_t got = ::recv(c->socket.get(), buffer.get(), dns::largest_message, MSG_DONTWAIT);
      if (got < 0 && c->is_late) break;
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got < 0) break;  // refused
      const std::string_view text(buffer.get(), static_cast<std::size_t>(got));
      if (!dns::parse_answer(text, asked)) continue;
      out = text;
      dns::set_id(*out, id);
      break;
    }
  } catch (...) {
    end = std::current_exception();
  }
  waiting_.erase(place);
  auto& spare = spare_[server];
  const bool goes_on = out && ++c->questions < questions_of_port && spare.size() < spare_of_server;
  (goes_on ? spare : spent_).push_back(std::move(c));
  if (end) std::rethrow_exception(end);
  co_return out;
}

task<std::optional<std::string>> dns_exchange::ask(std::string server, std::string message, dns::query asked,
                                                   dns_transport transport) {
  if (transport == dns_transport::udp) {
    auto asking = ask_by_udp(server, std::move(message), std::move(asked));
    co_return co_await std::move(asking);
  }
  unique_fd socket = connect(server, SOCK_STREAM);
  if (!socket) co_return std::nullopt;
  const std::uint16_t id = std::exchange(asked.id, random_id());
  dns::set_id(message, asked.id);
  try {
    auto asking = ask_by_tcp(std::move(socket), std::move(message), asked);
    std::string answer = co_await with_deadline(patience, std::move(asking), "ask", server);
    dns::set_id(answer, id);
    co_return answer;
  } catch (const error&) {
    co_return std::nullopt;
  }
}

}  // namespace lxr::network
