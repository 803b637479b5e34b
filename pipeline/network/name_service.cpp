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
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/network/egress_helper.hpp"
#include "pipeline/network/egress_policy.hpp"
#include "pipeline/network/resolver_process.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr const char* peer = "the resolver of this instance";
constexpr auto patience = std::chrono::seconds(2);
constexpr auto moment = std::chrono::milliseconds(5);
constexpr int connect_tries = 400, serve_tries = 60;  // of a moment each

named_container named(const container_config& config, const std::vector<membership>& in,
                      const std::optional<egress_state>& egress) {
  named_container out;
  if (egress) out.egress = named_egress{{}, parse_egress(egress->allowed).domains};
  out.id = config.id;
  const network_options& n = config.network;
  std::ranges::copy_if(n.dns, std::back_inserter(out.servers), [](const std::string& s) { return !is_loopback(s); });
  for (const membership& m : in) {
    out.leads_out = out.leads_out || !m.of.is_internal;
    if (egress) out.egress->links.push_back(m.link);
    if (!m.of.has_names && !egress) continue;
    named_place p{m.of.directory, nl::to_string(m.address), {}};
    if (m.of.has_names) p.names = names_in(config, m.of.name);
    out.places.push_back(std::move(p));
  }
  return out;
}

std::string text_of(const process_identity& process) {
  return std::to_string(process.pid) + " " + std::to_string(process.start_time);
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
  throw error(errc::unavailable, "serve the names of", "network " + network,
              "another program listens on port 53 of all addresses of this host",
              "let it listen on addresses of its own, or create the network with --disable-dns");
}

}  // namespace

bool has_lost_resolver(const instance& where) { return was_resolver_started(where) && !is_resolver_running(where); }

task<void> name_service::enter(subject of, int process, bool had_names) {
  named_container container = named(of.config, of.in, of.egress);
  if (container.places.empty() && !had_names) co_return;
  container.process = text_of(of.init);
  const auto permit = co_await one_at_a_time_.acquire();
  has_entered_ = true;
  for (;;) {
    if (!socket_) {
      auto connecting = connect(of.config.id);
      co_await std::move(connecting);
    }
    auto telling = tell(container, of.in, process);
    if (co_await std::move(telling)) co_return;
    disconnect();
  }
}

bool name_service::has_lost_connection() const {
  char none = 0;
  return socket_ && ::recv(socket_.get(), &none, sizeof none, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void name_service::disconnect() noexcept {
  answers_.reset();  // before the socket that it watches
  socket_.reset();
}

// Returns true for a container that lives and has names, or is restricted.
bool name_service::has_names(const std::string& id) const {
  bool out = false;
  quietly([&] {
    const container_state state = load_state(where_, id);
    if (state.networks.empty() || !state.init.is_alive()) return;
    const auto in = memberships_of(where_, state);
    out = state.egress || std::ranges::any_of(in, [](const membership& m) { return m.of.has_names; });
  });
  return out;
}

bool name_service::is_needed() const {
  return std::ranges::any_of(list_containers(where_), [this](const std::string& id) { return has_names(id); });
}

task<void> name_service::restore() {
  const auto permit = co_await one_at_a_time_.acquire();
  disconnect();
  if (is_needed()) {
    auto connecting = connect("");
    co_await std::move(connecting);
    if (failure_) std::rethrow_exception(failure_);
  } else {
    forget_resolver(where_);
  }
}

// Waits until the resolver ends.
task<void> name_service::lost() {
  // A descriptor of its own, because the loop watches each only once.
  const unique_fd copy(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw_errno("copy", "descriptor");
  readiness end(co_await asio::this_coro::executor, copy.get());
  char none = 0;
  do {
    co_await end.readable();  // also for each answer
  } while (::recv(copy.get(), &none, sizeof none, MSG_PEEK | MSG_DONTWAIT) != 0);
}

// A container that could not be entered, such as one whose port 53 another program has now, is tried again each second.
task<void> name_service::keep() {
  for (bool is_well = true; socket_; is_well = !failure_) {
    if (!is_well) co_await pause(std::chrono::seconds(1));
    try {
      if (failure_) {
        const auto permit = co_await one_at_a_time_.acquire();
        auto entering = enter_all("");
        if (co_await std::move(entering)) continue;
      } else {
        co_await lost();
      }
      co_await restore();
    } catch (const error&) {
      if (!failure_) failure_ = std::current_exception();
    }
  }
}

// Connects to the resolver. If this process has started it, tells it of all containers but `own`, whose lock the caller
// holds, and which it enters itself.
task<void> name_service::connect(std::string own) {
  disconnect();
  failure_ = nullptr;
  for (int i = 0; i < connect_tries; ++i) {
    socket_ = connect_to_resolver(where_);
    const bool is_new = !socket_ && start_resolver(where_);
    if (is_new) socket_ = connect_to_resolver(where_);
    if (socket_) answers_.emplace(co_await asio::this_coro::executor, socket_.get());
    if (socket_ && !is_new) co_return;
    if (socket_) {
      auto telling = tell_all(own);
      if (co_await std::move(telling)) co_return;
      disconnect();
    }
    co_await pause(moment);
  }
  throw error(errc::timed_out, "connect to", peer, "it does not accept connections", "try again");
}

// Returns false when the resolver has ended; so do enter_all() and tell().
task<bool> name_service::tell_all(std::string own) {
  name_message begin, end;
  begin.begins_all = end.ends_all = true;
  auto beginning = exchange(std::move(begin), -1);
  if (!co_await std::move(beginning)) co_return false;
  auto entering = enter_all(std::move(own));
  if (!co_await std::move(entering)) co_return false;
  auto ending = exchange(std::move(end), -1);
  co_return (co_await std::move(ending)).has_value();
}

// One that cannot be entered keeps no other from that: failure_ is the first reason.
task<bool> name_service::enter_all(std::string own) {
  failure_ = nullptr;
  for (const std::string& id : list_containers(where_)) {
    if (id == own || !has_names(id)) continue;
    try {
      auto entering = enter_recorded(id);
      if (!co_await std::move(entering)) co_return false;
    } catch (const error& e) {
      // With errc::conflict another process holds the lock: it starts or changes the container, and then enters it.
      const bool is_fine = e.code() == errc::not_found || e.code() == errc::conflict;
      if (!is_fine && !failure_) failure_ = std::current_exception();
    }
  }
  co_return true;
}

// Under its lock, so that a change of its networks is not undone by what was read before.
task<bool> name_service::enter_recorded(std::string id) {
  auto locking = lock_container(where_, id, std::chrono::seconds(1));
  const container_lock lock = co_await std::move(locking);
  const container_state state = load_state(where_, id);
  const auto in = memberships_of(where_, state);
  const unique_fd process = state.init.open();
  if (!process) co_return true;
  named_container container = named(load_config(where_, id), in, state.egress);
  if (container.places.empty()) co_return true;
  container.process = text_of(state.init);
  auto telling = tell(std::move(container), in, process.get());
  co_return co_await std::move(telling);
}

task<bool> name_service::tell(named_container container, std::vector<membership> in, int process) {
  for (int refused = 0;;) {
    name_message message;
    message.container = container;
    auto asking = exchange(std::move(message), process);
    const auto answer = co_await std::move(asking);
    if (!answer) co_return false;
    if (!answer->failure.empty())
      throw error(errc::unavailable, "enter the names of", short_id(container.id), answer->failure);
    if (answer->lacks_egress_helper) {
      auto giving = give_egress_helper();
      co_await std::move(giving);
      continue;
    }
    if (answer->unknown_network.empty()) co_return true;
    const auto network =
        std::ranges::find(in, answer->unknown_network, [](const membership& m) { return m.of.directory; });
    auto serving = serve(network->of);
    if (co_await std::move(serving)) continue;
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
  if (!socket_ ||
      !io::channel::send_message(socket_.get(), as_bytes(text), peer, std::span(sent, descriptor < 0 ? 0u : 1u)))
    co_return std::nullopt;
  auto waiting = answers_->readable();
  try {
    co_await with_deadline(patience, std::move(waiting), "ask", peer);
  } catch (const error& e) {
    disconnect();  // its answer may still come, and would be taken for that to the next message
    if (e.code() != errc::timed_out) throw;
    throw error(errc::timed_out, "ask", peer, "it does not answer", "end it: pkill -KILL lxr-resolver");
  } catch (const cancelled&) {
    disconnect();
    throw;
  }
  std::vector<std::byte> buffer(name_message_limit);
  const auto got = io::channel::receive_message(socket_.get(), buffer, peer);
  if (got.what == io::channel::received_message::end_of_file) co_return std::nullopt;
  co_return json::read_fields<name_answer>(json::parse_record(as_text(std::span(buffer).first(got.size)), "answer"),
                                           "answer");
}

task<void> name_service::give_egress_helper() {
  const unique_fd channel = start_egress_helper(where_);
  name_message message;
  message.is_egress_helper = true;
  auto asking = exchange(std::move(message), channel.get());
  co_await std::move(asking);
}

// Returns false when both sockets are in use, perhaps by another process that does the same, or the resolver has ended.
task<bool> name_service::serve(layout network) {
  auto first = serve_by(network, SOCK_DGRAM, "udp");
  const bool by_udp = co_await std::move(first);
  auto second = serve_by(network, SOCK_STREAM, "tcp");
  const bool by_tcp = co_await std::move(second);
  co_return by_udp || by_tcp;
}

task<bool> name_service::serve_by(const layout& network, int type, const char* protocol) {
  const unique_fd socket = bind_dns(network, type);
  if (!socket) co_return false;
  name_message message;
  message.network = served_network{network.directory, nl::to_string(network.gateway), to_text(network.range), protocol};
  auto asking = exchange(std::move(message), socket.get());
  const auto answer = co_await std::move(asking);
  if (answer && !answer->failure.empty())
    throw error(errc::unavailable, "serve the names of", "network " + network.name, answer->failure);
  co_return answer.has_value();
}

}  // namespace lxr::network
