// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/name_service.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>

#include "core/async/pause.hpp"
#include "core/async/shielded.hpp"
#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/network/resolver_process.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr const char* peer = "the resolver of this instance";
constexpr auto patience = std::chrono::seconds(2);
constexpr auto moment = std::chrono::milliseconds(5);
constexpr int connect_tries = 400, serve_tries = 60;  // of a moment each

bool is_loopback(const std::string& server) { return server.starts_with("127.") || server == "::1"; }

// With the names of options and records: its own, its short id, and its aliases in this network.
named_container named(const container_config& config, const std::vector<membership>& in) {
  named_container out;
  out.id = config.id;
  const network_options& n = config.network;
  std::ranges::copy_if(n.dns, std::back_inserter(out.servers), [](const std::string& s) { return !is_loopback(s); });
  for (const membership& m : in) {
    out.leads_out = out.leads_out || !m.of.is_internal;
    if (!m.of.has_names) continue;
    named_place p{m.of.directory, nl::to_string(m.address), {config.name, short_id(config.id)}};
    p.names.insert(p.names.end(), n.aliases.begin(), n.aliases.end());
    const auto asked = std::ranges::find(n.networks, m.of.name, &network_request::name);
    if (asked != n.networks.end()) p.names.insert(p.names.end(), asked->aliases.begin(), asked->aliases.end());
    out.places.push_back(std::move(p));
  }
  return out;
}

// Sockets for many containers at once: the default buffer holds a few hundred small packets.
void widen(int socket) {
  constexpr int bytes = 4 << 20;
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
}

// Returns an empty descriptor when the address is in use.
unique_fd bind_dns(const layout& network, int type) {
  unique_fd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw_errno("create", "socket");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(53);
  at.sin_addr.s_addr = htonl(network.gateway);
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      (type == SOCK_STREAM && ::listen(fd.get(), SOMAXCONN) != 0)) {
    if (errno == EADDRINUSE) return {};
    throw_errno("serve the names of", "network " + network.name);
  }
  widen(fd.get());
  return fd;
}

[[noreturn]] void refuse_to_serve(const std::string& network) {
  throw error(errc::conflict, "serve the names of", "network " + network,
              "another program listens on port 53 of all addresses of this host",
              "let it listen on addresses of its own, or create the network with --disable-dns");
}

}  // namespace

std::vector<membership> memberships_of(const instance& where, const container_state& state) {
  std::vector<membership> out;
  for (const network_place& p : state.networks) {
    auto of = saved_layout(where, p.directory);
    const auto address = nl::parse_ipv4(p.address);
    if (of && address) out.push_back({std::move(*of), *address});
  }
  return out;
}

std::string resolver_of(const container_config& config, const std::vector<membership>& in) {
  const auto& dns = config.network.dns;
  if (!dns.empty() && std::ranges::all_of(dns, is_loopback)) return "";
  const auto first = std::ranges::find_if(in, [](const membership& m) { return m.of.has_names; });
  return first == in.end() ? "" : nl::to_string(first->of.gateway);
}

bool has_lost_resolver(const instance& where) { return was_resolver_started(where) && !is_resolver_running(where); }

task<void> name_service::enter(const container_config& config, std::vector<membership> in, int process,
                               bool had_names) {
  named_container container = named(config, in);
  if (container.places.empty() && !had_names) co_return;
  const auto permit = co_await one_at_a_time_.acquire();
  if (!socket_) co_await connect();
  auto telling = tell(std::move(container), in, process);
  co_await std::move(telling);
}

// Returns true when a container that lives has names.
bool name_service::is_needed() const {
  for (const std::string& id : list_containers(where_)) {
    bool has_names = false;
    quietly([&] {
      const container_state state = load_state(where_, id);
      if (!state.init.is_alive()) return;
      const auto in = memberships_of(where_, state);
      has_names = std::ranges::any_of(in, [](const membership& m) { return m.of.has_names; });
    });
    if (has_names) return true;
  }
  return false;
}

task<void> name_service::restore() {
  const auto permit = co_await one_at_a_time_.acquire();
  answers_.reset();
  socket_ = connect_to_resolver(where_);
  if (!socket_ && !is_needed()) {
    forget_resolver(where_);
    co_return;
  }
  co_await connect();
}

task<void> name_service::keep() {
  while (socket_) {
    // A descriptor of its own, because the loop watches each only once.
    const unique_fd copy(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) co_return;
    {
      readiness end(co_await asio::this_coro::executor, copy.get());
      char none = 0;
      do {
        co_await end.readable();  // also for each answer
      } while (::recv(copy.get(), &none, sizeof none, MSG_PEEK | MSG_DONTWAIT) != 0);
    }
    co_await restore();
  }
}

// Connects to the resolver. If this process has started it, tells it of all containers.
task<void> name_service::connect() {
  answers_.reset();
  socket_.reset();
  for (int i = 0; i < connect_tries; ++i) {
    socket_ = connect_to_resolver(where_);
    const bool is_new = !socket_ && start_resolver(where_);
    if (is_new) socket_ = connect_to_resolver(where_);
    if (socket_) answers_.emplace(co_await asio::this_coro::executor, socket_.get());
    if (is_new && socket_) co_await enter_all();
    if (socket_) co_return;
    co_await pause(moment);
  }
  throw error(errc::timed_out, "connect to", peer, "it does not accept connections", "try again");
}

task<void> name_service::enter_all() {
  for (const std::string& id : list_containers(where_)) {
    std::optional<container_config> config;
    std::vector<membership> in;
    unique_fd process;
    quietly([&] {
      const container_state state = load_state(where_, id);
      in = memberships_of(where_, state);
      process = state.init.open();
      config = load_config(where_, id);
    });
    if (!config || !process) continue;
    named_container container = named(*config, in);
    if (container.places.empty()) continue;
    auto telling = tell(std::move(container), in, process.get());
    co_await std::move(telling);
  }
}

// Goes on with another resolver when this one ends meanwhile.
task<void> name_service::tell(named_container container, const std::vector<membership>& in, int process) {
  for (int refused = 0;;) {
    name_message message;
    message.container = container;
    auto asking = exchange(std::move(message), process);
    const auto answer = co_await std::move(asking);
    if (!answer) {
      co_await connect();
      continue;
    }
    if (!answer->failure.empty())
      throw error(errc::conflict, "enter the names of", short_id(container.id), answer->failure);
    if (answer->unknown_network.empty()) co_return;
    const auto network =
        std::ranges::find(in, answer->unknown_network, [](const membership& m) { return m.of.directory; });
    if (co_await serve(network->of)) continue;
    if (++refused == serve_tries) refuse_to_serve(network->of.name);
    co_await pause(moment);
  }
}

// Returns nullopt when the resolver has ended.
task<std::optional<name_answer>> name_service::exchange(name_message message, int descriptor) {
  const std::string text = json::dump(json::write_fields(message));
  if (text.size() > name_message_limit)
    throw error(errc::invalid_argument, "enter names with", peer, "they are more than 64 KiB");
  const int sent[] = {descriptor};
  if (!socket_ || !io::channel::send_message(socket_.get(), as_bytes(text), peer, sent)) co_return std::nullopt;
  auto waiting = answers_->readable();
  try {
    co_await with_deadline(patience, std::move(waiting), "ask", peer);
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;
    socket_.reset();  // its answer may still come
    throw error(errc::timed_out, "ask", peer, "it does not answer", "end it: pkill -KILL lxr-resolver");
  }
  std::vector<std::byte> buffer(name_message_limit);
  const auto got = io::channel::receive_message(socket_.get(), buffer, peer);
  if (got.what == io::channel::received_message::end_of_file) co_return std::nullopt;
  co_return json::read_fields<name_answer>(json::parse_record(as_text(std::span(buffer).first(got.size)), "answer"),
                                           "answer");
}

// Returns false when a socket is in use, perhaps by another process that does the same, or the resolver has ended.
task<bool> name_service::serve(const layout& network) {
  const bool is_served = co_await serve_by(network, SOCK_DGRAM, "udp");
  co_return is_served&& co_await serve_by(network, SOCK_STREAM, "tcp");
}

task<bool> name_service::serve_by(const layout& network, int type, const char* protocol) {
  const unique_fd socket = bind_dns(network, type);
  if (!socket) co_return false;
  name_message message;
  message.network = served_network{network.directory, nl::to_string(network.gateway), to_text(network.range), protocol};
  auto asking = exchange(std::move(message), socket.get());
  const auto answer = co_await std::move(asking);
  if (answer && !answer->failure.empty())
    throw error(errc::conflict, "serve the names of", "network " + network.name, answer->failure);
  co_return answer.has_value();
}

}  // namespace lxr::network
