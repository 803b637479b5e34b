// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/worker.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/file/select_backend.hpp"
#include "pipeline/image_worker/confinement.hpp"
#include "pipeline/image_worker/messages.hpp"
#include "pipeline/store/check.hpp"
#include "pipeline/store/driver.hpp"
#include "pipeline/transfer/puller.hpp"
#include "pipeline/transfer/unpack.hpp"

namespace lxr::image_worker {
namespace {

// Sends events to the peer as messages.
// Runs on: any thread.  Borrows: the channel.
class channel_events final : public event_sink {
 public:
  explicit channel_events(int channel) : channel_(channel) {}
  void span(std::string_view stage, std::string_view subject, clock::time_point begin, clock::time_point end) override {
    send({{"kind", "span"},
          {"stage", stage},
          {"subject", subject},
          {"begin", begin.time_since_epoch().count()},
          {"end", end.time_since_epoch().count()}});
  }
  void layer_progress(std::string_view layer, std::string_view phase, std::uint64_t done,
                      std::uint64_t total) override {
    send({{"kind", "progress"}, {"layer", layer}, {"phase", phase}, {"done", done}, {"total", total}});
  }
  void message(std::string_view text) override {
    send({{"kind", "message"}, {"text", json::printable(text.substr(0, 2048))}});
  }

 private:
  void send(json::object message) {
    try {
      send_message(channel_, message);
    } catch (const error&) {
      // The peer is gone: peer_left() ends the work.
    }
  }
  int channel_;
};

task<void> peer_left(int channel, task_scope& work) {
  readiness end(co_await asio::this_coro::executor, channel);
  co_await end.readable();  // the peer sends no second message: this is its end of file
  work.cancel();
}

task<void> do_pull(const transfer::pull_tools& tools, transfer::source& from, oci::reference name,
                   std::string architecture, transfer::pull_result& out) {
  auto pulling = transfer::pull_image(tools, from, std::move(name), std::move(architecture));
  out = co_await std::move(pulling);
}

io::http::client_options http_options() {
  io::http::client_options options;
  if (const char* seconds = std::getenv("LXR_HTTP_TIMEOUT"); seconds != nullptr && std::atoi(seconds) > 0) {
    options.connect_timeout = options.stall_timeout = std::chrono::seconds(std::atoi(seconds));
  }
  return options;
}

// When the peer dies, its end of file cancels the work. If this process hangs in a call that nothing can cancel (a file
// that does not answer), SIGALRM ends it 5 s after the peer's death.
void end_with_peer(int channel) {
  constexpr unsigned moment_seconds = 5;
  ::signal(SIGALRM, SIG_DFL);
  ::signal(SIGUSR1, [](int) { ::alarm(moment_seconds); });
  ::prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
  pollfd peer{channel, 0, 0};
  if (::poll(&peer, 1, 0) == 1) ::alarm(moment_seconds);  // the peer died before prctl()
}

layer::durability asked_durability() {
  const char* const asked = std::getenv("LXR_STORE_SYNC");
  const std::string word = asked == nullptr ? "full" : asked;
  if (word != "full" && word != "none")
    throw error(errc::invalid_argument, "use LXR_STORE_SYNC", '"' + word + '"', "", "it is full or none");
  return word == "full" ? layer::durability::full : layer::durability::none;
}

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == 0) return otherwise;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text, &end, 10);
  if (*end != 0 || *text == '-' || number == 0)
    throw error(errc::invalid_argument, std::string("use ") + variable, '"' + std::string(text) + '"',
                "it is no positive number");
  return number;
}

// Returns how long to retry: up to twice the time that one request may be silent.
transfer::patience asked_patience(const io::http::client_options& http) {
  transfer::patience out;
  out.longest_wait = 2 * http.stall_timeout;
  if (const char* const text = std::getenv("LXR_HTTP_RETRIES"); text != nullptr && *text != 0) {
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    if (*end != 0 || number < 0 || number > 100)
      throw error(errc::invalid_argument, "use LXR_HTTP_RETRIES", '"' + std::string(text) + '"', "",
                  "it is a number from 0 to 100");
    out.attempts = static_cast<int>(number) + 1;
  }
  return out;
}

std::size_t asked_parallel(const json::object& request) {
  const auto asked = json::get_int(request, "parallel");
  return asked <= 0 ? transfer::layers_at_once
                    : std::min<std::size_t>(static_cast<std::size_t>(asked), transfer::layers_at_once);
}

layer::layer_limits asked_limits() {
  const layer::layer_limits usual;
  const bool asked = std::getenv("LXR_LAYER_MAX_BYTES") != nullptr;
  return {number_in("LXR_LAYER_MAX_BYTES", usual.bytes), number_in("LXR_LAYER_MAX_FILES", usual.members),
          number_in("LXR_PULL_MAX_MEMORY", usual.memory), !asked, std::getenv("LXR_PULL_MAX_MEMORY") == nullptr};
}

task<transfer::pull_result> pull_request_of(asio::io_context& loop, int channel, const json::object& request) {
  const instance where = instance::open(json::get_string(request, "root"), json::get_string(request, "state"));
  const oci::reference name = oci::reference::parse(json::get_string(request, "reference"));
  const layer::store_driver driver = store::choose_driver(where);
  confine(where, name.kind == oci::reference::source::layout ? name.repository : "");
  end_with_peer(channel);
  std::string architecture = json::get_string(request, "architecture");
  if (architecture.empty()) architecture = oci::host_architecture();
  const store::image_store images(where);
  images.sweep();
  worker_pool pool(static_cast<std::size_t>(std::max(2L, ::sysconf(_SC_NPROCESSORS_ONLN))));
  const bool threads_only = std::getenv("LXR_NO_URING") != nullptr;
  const auto files =
      io::file::select_backend(loop.get_executor(), pool,
                               threads_only ? io::file::backend_choice::threads : io::file::backend_choice::automatic);
  channel_events events(channel);
  const io::http::client_options timing = http_options();
  io::http::client http(loop.get_executor(), timing);
  const transfer::registry_options options{json::get_bool(request, "plainHttp"), asked_parallel(request),
                                           asked_patience(timing),
                                           [&events](const std::string& text) { events.message(text); }};
  const auto from = name.kind == oci::reference::source::layout ? transfer::make_layout_source(pool, name)
                                                                : transfer::make_registry_source(http, name, options);
  block_pool blocks(3 * options.parallel, transfer::plain_block_size);
  const transfer::pull_tools tools{
      images,
      driver,
      asked_durability(),
      pool,
      blocks,
      *files,
      events,
      asked_limits(),
      [channel](const std::string& id, const oci::image_config& config) {
        send_message(channel, {{"kind", "image"}, {"image", id}, {"volumes", json::from(config.volumes)}});
      },
      options.parallel};
  transfer::pull_result result;
  task_scope work(loop.get_executor()), watch(loop.get_executor());
  std::exception_ptr failure;
  watch.spawn(peer_left(channel, work));
  work.spawn(do_pull(tools, *from, name, architecture, result));
  try {
    co_await work.join();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await watch.stop();
  if (failure) std::rethrow_exception(failure);
  co_return result;
}

json::object do_pull_request(int channel, const json::object& request) {
  asio::io_context loop(1);
  auto pulling = pull_request_of(loop, channel, request);
  const transfer::pull_result r = run(loop, std::move(pulling));
  return {{"kind", "result"}, {"image", r.image_id}, {"manifest", r.manifest_digest}, {"name", r.canonical}};
}

json::object do_check_request(int channel, const json::object& request) {
  const instance where = instance::open(json::get_string(request, "root"), json::get_string(request, "state"));
  confine(where);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // SIGKILL is safe: a check mostly reads, and it changes files by rename
  const store::check_summary s = store::check_store(
      where, json::get_bool(request, "repair"),
      [channel](const store::finding& f) {
        send_message(channel, {{"kind", "finding"},
                               {"object", json::printable(f.object)},
                               {"problem", json::printable(f.problem.substr(0, 4096))},
                               {"repair", f.repair}});
      },
      asked_limits().memory);
  return {{"kind", "result"},
          {"layers", s.layers},
          {"images", s.images},
          {"findings", s.findings},
          {"repaired", s.repaired}};
}

}  // namespace

int run_worker(int channel) {
  ::fcntl(channel, F_SETFD, FD_CLOEXEC);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is handled by the peer, which ends us by closing the channel
  ::umask(0);
  // Else blocks that another thread frees would stay in the arena of the thread that made them.
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  try {
    const auto request = receive_message(channel);
    if (!request) return 1;
    const bool checks = json::get_string(*request, "kind") == "check";
    send_message(channel, checks ? do_check_request(channel, *request) : do_pull_request(channel, *request));
    return 0;
  } catch (...) {
    try {
      send_message(channel, error_message(std::current_exception()));
    } catch (const error&) {
      // The peer is gone.
    }
    return 1;
  }
}

}  // namespace lxr::image_worker
