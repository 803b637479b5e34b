// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <functional>
#include <limits>
#include <set>

#include "cli/commands/command.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/signals.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/stop.hpp"

namespace lxr::cli {
namespace {

int stop_signal_of(const instance& where, const container_config& config) {
  std::string word = config.lifecycle.stop_signal;
  try {
    if (word.empty()) word = store::image_store(where).load(config.image_id).config.stop_signal;
  } catch (const error&) {
    // The image was removed: use the default signal.
  }
  return parse_signal(word, SIGTERM);
}

// What the command does to each named container.
using action = std::function<task<void>(container::exit_records&, std::string id)>;

task<void> do_one(const action& act, container::exit_records& records, std::string id, std::string word, int& code) {
  try {
    auto acting = act(records, id);
    co_await std::move(acting);
    print_line(word);
  } catch (const error&) {
    code = report_failure(std::current_exception());
  }
}

// Acts on all containers at the same time. Prints a failure, sets `code`, and goes on with the others.
task<void> do_all(const instance& where, const std::vector<std::string>& words, const action& act, int& code) {
  const auto executor = co_await asio::this_coro::executor;
  container::exit_records records(where);
  task_scope dispatching(executor), scope(executor);
  dispatching.spawn(records.dispatch());
  container_finder finder(where);
  std::set<std::string> ids;  // several words may name the same container
  for (const std::string& word : words) {
    try {
      const auto [id, fresh] = ids.insert(finder.find(word));
      if (fresh) scope.spawn(do_one(act, records, *id, word, code));
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  co_await scope.join();
  co_await dispatching.stop();
}

int run_all(const instance& where, const std::vector<std::string>& words, const action& act) {
  asio::io_context loop(1);
  int code = 0;
  lxr::run(loop, do_all(where, words, act, code));
  return code;
}

task<void> stop_one(const instance& where, container::exit_records& records, std::string id,
                    std::optional<int> seconds) {
  const container_config config = co_await config_of(where, id);
  const int wait = seconds.value_or(config.lifecycle.stop_timeout);
  container::stop_options how{stop_signal_of(where, config), std::chrono::seconds(wait)};
  if (wait < 0) how.limit = std::chrono::years(1);  // -1 means for ever
  auto stopping = container::stop(where, records, std::move(id), how);
  co_await std::move(stopping);
}

}  // namespace

int cmd_stop(const invocation& call) {
  flag_set app("Stop running containers: their stop signal, and after a time SIGKILL.", "stop",
               "lxr stop web\nlxr stop -t 0 web db");
  std::vector<std::string> words;
  int seconds = 0;
  const auto* limit = app.add_option("-t,--time", seconds, "Seconds to wait; 0: kill at once; -1: for ever (10)")
                          ->range(-1, std::numeric_limits<int>::max())
                          ->takes("SECONDS");
  app.add_argument("CONTAINER", words, "Names or ids", value_source::running_containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const auto time = limit->count() > 0 ? std::optional(seconds) : std::nullopt;
  return run_all(where, words, [&](container::exit_records& records, std::string id) {
    return stop_one(where, records, std::move(id), time);
  });
}

int cmd_kill(const invocation& call) {
  flag_set app("Send a signal to running containers.", "kill", "lxr kill web\nlxr kill -s HUP web");
  std::vector<std::string> words;
  std::string signal = "KILL";
  app.add_option("-s,--signal", signal, "Name or number (KILL)")->takes("SIGNAL", value_source::signals);
  app.add_argument("CONTAINER", words, "Names or ids", value_source::running_containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const int number = parse_signal(signal, SIGKILL);
  return run_all(where, words, [&](container::exit_records& records, std::string id) {
    return container::kill(where, records, std::move(id), number);
  });
}

}  // namespace lxr::cli
