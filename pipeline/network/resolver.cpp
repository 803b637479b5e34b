// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/resolver.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/async/pause.hpp"
#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "io/process/detached.hpp"
#include "io/process/file_access.hpp"
#include "pipeline/network/admissions.hpp"
#include "pipeline/network/dns_server.hpp"
#include "pipeline/network/name_messages.hpp"
#include "pipeline/network/name_table.hpp"

namespace lxr::network {
namespace {

constexpr auto grace = std::chrono::seconds(1);  // without containers, until it ends
constexpr const char* peer = "an lxr process";

class resolver {
 public:
  resolver(const asio::any_io_executor& executor, unique_fd listener)
      : executor_(executor), listener_(std::move(listener)), all_(executor), server_(names_, egress_, executor) {}

  task<void> run() {
    all_.spawn(accept());
    all_.spawn(wait_for_the_end());
    all_.spawn(wait_for_all());
    std::exception_ptr end;
    try {
      co_await all_.join();
    } catch (...) {
      end = std::current_exception();
    }
    for (served& s : served_) co_await s.sockets.stop();
    if (!is_cancelled(end)) std::rethrow_exception(end);  // else a member has called all_.cancel()
  }

 private:
  // A socket of a network.
  struct served {
    served(const asio::any_io_executor& executor, std::string of, std::string by)
        : network(std::move(of)), protocol(std::move(by)), sockets(executor) {}
    std::string network, protocol;
    task_scope sockets;
  };

  task<void> accept() {
    readiness incoming(executor_, listener_.get());
    for (;;) {
      unique_fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection) {
        all_.spawn(serve(std::move(connection)));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        co_await incoming.readable();
      } else {
        co_await pause(std::chrono::milliseconds(20));  // no descriptor is free
      }
    }
  }

  // Ends the resolver once nobody has needed it for a while. Networks without containers end before.
  task<void> wait_for_the_end() {
    for (;;) {
      const std::uint64_t seen = changes_;
      co_await pause(grace);
      if (seen != changes_) continue;
      for (const std::string& network : names_.forget_empty()) {
        auto closing = close(network);
        co_await std::move(closing);
      }
      if (seen != changes_) continue;
      if (names_.is_empty()) break;
      co_await left_.wait();
    }
    all_.cancel();
  }

  // Ends the resolver when nobody tells it of all containers.
  task<void> wait_for_all() {
    do {
      co_await pause(grace);
      if (!has_all_ && tellers_ == 0) all_.cancel();
    } while (!has_all_);
  }

  // Also where two processes have sent the sockets of a network.
  task<void> close(std::string network) {
    std::list<served> closing;
    for (auto s = served_.begin(); s != served_.end();) {
      const auto next = std::next(s);
      if (s->network == network) closing.splice(closing.end(), served_, s);
      s = next;
    }
    for (served& s : closing) co_await s.sockets.stop();
  }

  // Acts on the messages of one process until it closes its end. Throws only lxr::cancelled.
  task<void> serve(unique_fd connection) {
    readiness incoming(executor_, connection.get());
    std::vector<std::byte> buffer(name_message_limit);
    bool tells_all = false;
    try {
      for (;;) {
        co_await incoming.readable();
        auto got = io::channel::receive_message(connection.get(), buffer, peer, io::channel::wait_for_message::no);
        if (got.what == io::channel::received_message::none_yet) continue;
        if (got.what == io::channel::received_message::end_of_file) break;
        const std::string text(as_text(std::span(buffer).first(got.size)));
        const name_answer answer = act_on(text, std::move(got.descriptor), tells_all);
        if (!io::channel::send_message(connection.get(), as_bytes(json::dump(json::write_fields(answer))), peer)) break;
      }
    } catch (const error&) {
      // The process is gone.
    }
    if (tells_all) all_.cancel();  // killed in the middle
  }

  name_answer act_on(const std::string& text, unique_fd descriptor, bool& tells_all) {
    ++changes_;
    try {
      const auto m = json::read_fields<name_message>(json::parse_record(text, "message"), "message");
      if (m.begins_all || m.ends_all) {
        has_all_ = has_all_ || (m.ends_all && tells_all);
        tellers_ += m.begins_all - m.ends_all;
        tells_all = m.begins_all;
        return {};
      }
      if (!descriptor && (!m.container || !m.container->places.empty()))
        throw error(errc::exhausted, "receive", "descriptor", "the resolver has no free ones");
      if (m.network) return serve(*m.network, std::move(descriptor));
      if (m.is_egress_helper) {
        // Another process may have given one meanwhile; that one goes on.
        if (!egress_.has_helper()) egress_.use(executor_, std::move(descriptor), [this] { all_.cancel(); });
        return {};
      }
      if (!m.container) throw error(errc::invalid_argument, "act on", "message", "it says nothing");
      if (m.container->egress && !egress_.has_helper()) return {.lacks_egress_helper = true};
      for (const named_place& p : m.container->places) {
        if (!names_.knows(p.network) || !is_served(p.network)) return {.unknown_network = p.network};
      }
      pollfd has_ended{descriptor.get(), POLLIN, 0};
      if (descriptor && ::poll(&has_ended, 1, 0) != 0) return {};  // another one may have its address by now
      const std::string id = m.container->id;
      if (m.container->egress) restricted_[id] = m.container->egress->links;
      names_.enter(*m.container);
      birth& b = births_[id];
      if (descriptor && (b.number == 0 || b.process != m.container->process)) {
        b = {changes_, m.container->process};
        all_.spawn(watch(id, b.number, std::move(descriptor)));
      }
      return {};
    } catch (const std::exception& e) {
      return {.failure = e.what()};
    }
  }

  // A network that is known gets its sockets anew: two processes may have sent them at the same time.
  name_answer serve(const served_network& network, unique_fd socket) {
    names_.enter(network);
    served& s = served_.emplace_back(executor_, network.directory, network.protocol);
    s.sockets.spawn(network.protocol == "udp" ? server_.serve_udp(std::move(socket))
                                              : server_.serve_tcp(std::move(socket)));
    return {};
  }

  // A process may have been killed between its two sockets.
  [[nodiscard]] bool is_served(const std::string& network) const {
    const auto by = [&](const char* protocol) {
      return std::ranges::any_of(served_,
                                 [&](const served& s) { return s.network == network && s.protocol == protocol; });
    };
    return by("udp") && by("tcp");
  }

  // Ends a container's names with its first process, unless it has been started again since.
  task<void> watch(std::string id, std::uint64_t number, unique_fd process) {
    readiness end(executor_, process.get());
    co_await end.readable();
    const auto latest = births_.find(id);
    if (latest == births_.end() || latest->second.number != number) co_return;
    births_.erase(latest);
    names_.leave(id);
    egress_.forget(restricted_[id]);
    restricted_.erase(id);
    ++changes_;
    left_.notify_all();
  }

  asio::any_io_executor executor_;
  unique_fd listener_;
  name_table names_;
  struct birth {
    std::uint64_t number = 0;  // the message with the process, as counted by changes_
    std::string process;
  };
  std::unordered_map<std::string, birth> births_;                         // by container id
  std::unordered_map<std::string, std::vector<std::string>> restricted_;  // the links, by container id
  std::uint64_t changes_ = 0;                                             // counts messages, and containers that end
  bool has_all_ = false;
  int tellers_ = 0;  // connections between begins_all and ends_all
  waiter_list left_;
  task_scope all_;
  admissions egress_;
  dns_server server_;
  std::list<served> served_;
};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void give_up_privileges() {
  constexpr uid_t nobody = 65534;
  std::vector<io::process::file_rule> rules{{"/etc", io::process::file_access::read},
                                            {"/run", io::process::file_access::read}};
  const std::unique_ptr<char, decltype(&std::free)> place(::realpath("/etc/resolv.conf", nullptr), &std::free);
  if (place)
    rules.push_back({std::string(place.get(), std::strrchr(place.get(), '/')), io::process::file_access::read});
  io::process::restrict_files(rules);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
      ::setresuid(nobody, nobody, nobody) != 0)
    throw_errno("become", "user nobody");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno("set", "no_new_privs");
}

}  // namespace

int run_resolver() {
  struct stat st{};
  if (::fstat(resolver_listener, &st) != 0 || !S_ISSOCK(st.st_mode) || ::fcntl(resolver_lock, F_GETFD) < 0)
    throw error(errc::not_permitted, "run", resolver_program, "lxr starts it itself, when containers have names");
  unique_fd listener(resolver_listener);
  const unique_fd lock(resolver_lock);
  io::process::live_on(resolver_program);
  raise_descriptor_limit();
  give_up_privileges();
  asio::io_context loop(1);
  resolver r(loop.get_executor(), std::move(listener));
  lxr::run(loop, r.run());
  return 0;
}

}  // namespace lxr::network
