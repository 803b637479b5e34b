// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>

#include "core/async/readiness.hpp"
#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/image_worker/messages.hpp"

namespace lxr::image_worker {
namespace {

// The running lxr-image.
// Lifecycle: done() once its result has come. Without that, the destructor closes the channel, which tells it to stop,
//   and gives it 10 s to remove what it made; in the end it kills and reaps it.
// Runs on: the loop's strand; the destructor blocks.
// Owns: the process and our end of the channel.
class worker {
 public:
  explicit worker(const std::string& program) {
    auto [ours, theirs] = io::channel::make_socket_pair();
    channel_ = std::move(ours);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), worker_channel);
    const char* argv[] = {"lxr-image", nullptr};
    const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, const_cast<char**>(argv), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw_errno(failed, "start", program);
  }
  ~worker() {
    channel_.reset();
    if (!done_) wait_for_exit();
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  [[nodiscard]] int channel() const noexcept { return channel_.get(); }
  void done() noexcept { done_ = true; }

 private:
  void wait_for_exit() const noexcept {
    constexpr int patience_ms = 10'000;
    const unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd exited{pidfd.get(), POLLIN, 0};
    while (::poll(&exited, 1, patience_ms) < 0 && errno == EINTR) {
    }
  }

  bool done_ = false;
  pid_t pid_ = 0;
  unique_fd channel_;
};

void pass_on(const json::object& message, event_sink& events) {
  const std::string kind = json::get_string(message, "kind");
  if (kind == "progress") {
    events.layer_progress(json::get_string(message, "layer"), json::get_string(message, "phase"),
                          static_cast<std::uint64_t>(json::get_int(message, "done")),
                          static_cast<std::uint64_t>(json::get_int(message, "total")));
  } else if (kind == "message") {
    events.message(json::get_string(message, "text"));
  } else if (kind == "span") {
    using clock = event_sink::clock;
    const auto at = [&message](const char* key) {
      return clock::time_point(std::chrono::nanoseconds(json::get_int(message, key)));
    };
    events.span(json::get_string(message, "stage"), json::get_string(message, "subject"), at("begin"), at("end"));
  }
}

// Starts lxr-image, sends the request, passes messages on and returns the result.  Failure, Cancel: as pull().
task<json::object> converse(std::string program, json::object request,
                            std::function<void(const json::object&)> on_message) {
  worker w(program);
  send_message(w.channel(), request);
  readiness channel(co_await asio::this_coro::executor, w.channel());
  for (;;) {
    co_await channel.readable();
    auto message = receive_message(w.channel());
    if (!message)
      throw error(errc::conflict, json::get_string(request, "kind"), json::get_string(request, "reference"),
                  "lxr-image died");
    const std::string kind = json::get_string(*message, "kind");
    if (kind == "error") throw_error_message(*message);
    if (kind == "result") {
      w.done();
      co_return std::move(*message);
    }
    on_message(*message);
  }
}

}  // namespace

task<transfer::pull_result> pull(const instance& where, std::string program, transfer::pull_request request,
                                 event_sink& events, image_known known) {
  auto pulling = converse(std::move(program), request_message(where, request), [&](const json::object& m) {
    if (json::get_string(m, "kind") != "image") {
      pass_on(m, events);
    } else if (known) {
      known(json::get_string(m, "image"), json::get_strings(m, "volumes"));
    }
  });
  const json::object result = co_await std::move(pulling);
  co_return transfer::pull_result{json::get_string(result, "image"), json::get_string(result, "manifest"),
                                  json::get_string(result, "name")};
}

task<store::check_summary> check(const instance& where, std::string program, bool repair,
                                 std::function<void(const store::finding&)> report) {
  auto checking = converse(std::move(program), check_message(where, repair), [&report](const json::object& m) {
    report({json::get_string(m, "object"), json::get_string(m, "problem"), json::get_string(m, "repair")});
  });
  const json::object result = co_await std::move(checking);
  const auto count = [&result](const char* key) { return static_cast<std::size_t>(json::get_int(result, key)); };
  co_return store::check_summary{count("layers"), count("images"), count("findings"), count("repaired")};
}

}  // namespace lxr::image_worker
