#include <csignal>
#include <cstdio>
#include <functional>
#include <set>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/state/container_config.hpp"
#include "core/state/names.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/container/signals.hpp"
#include "pipeline/container/stop.hpp"

namespace lxr::cli {
namespace {

int stop_signal_of(const instance& where, const container_config& config) {
  std::string word = config.stop_signal;
  try {
    if (word.empty()) word = image::store(where).load(config.image_id).config.stop_signal;
  } catch (const error&) {
    // the image is gone: the default will do
  }
  return container::parse_signal(word, SIGTERM);
}

task<void> stop_one(const instance& where, container::exit_records& records, std::string id, std::string word, std::optional<int> seconds, int& code) {
  try {
    const container_config config = load_config(where, id);
    const int wait = seconds.value_or(config.stop_timeout);
    const std::chrono::seconds limit = wait < 0 ? std::chrono::years(1) : std::chrono::seconds(wait);  // -1: for ever
    co_await container::stop(where, records, id, limit, stop_signal_of(where, config));
    std::printf("%s\n", word.c_str());
  } catch (const error&) {
    code = report_failure(std::current_exception());
  }
}

task<void> stop_all(const instance& where, const std::vector<std::string>& words, std::optional<int> seconds, int& code) {
  const auto executor = co_await asio::this_coro::executor;
  container::exit_records records(where);
  task_scope dispatching(executor), scope(executor);
  dispatching.spawn(records.dispatch());
  container_finder finder(where);
  std::set<std::string> ids;  // one may be named twice
  for (const std::string& word : words) {
    try {
      const auto [id, fresh] = ids.insert(finder.find(word));
      if (fresh) scope.spawn(stop_one(where, records, *id, word, seconds, code));
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  co_await scope.join();
  dispatching.cancel();
  try {
    co_await dispatching.join();
  } catch (const cancelled&) {
    // asked for
  }
}

}  // namespace

int cmd_stop(const invocation& call) {
  CLI::App app("Stop running containers: their stop signal, and after a time SIGKILL.\n\nExamples:\n  lxr stop web\n  lxr stop -t 0 web db", "stop");
  app.set_help_flag("--help", "Show this text");
  std::vector<std::string> words;
  int seconds = 0;
  const auto* limit = app.add_option("-t,--time", seconds, "Seconds to wait; 0: kill at once; -1: for ever (10)");
  app.add_option("CONTAINER", words, "Names or ids")->required();
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  asio::io_context loop(1);
  int code = 0;
  lxr::run(loop, stop_all(where, words, limit->count() > 0 ? std::optional(seconds) : std::nullopt, code));
  return code;
}

int cmd_kill(const invocation& call) {
  CLI::App app("Send a signal to running containers.\n\nExamples:\n  lxr kill web\n  lxr kill -s HUP web", "kill");
  app.set_help_flag("--help", "Show this text");
  std::vector<std::string> words;
  std::string signal = "KILL";
  app.add_option("-s,--signal", signal, "Name or number (KILL)");
  app.add_option("CONTAINER", words, "Names or ids")->required();
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const int number = container::parse_signal(signal, SIGKILL);
  container_finder finder(where);
  int code = 0;
  for (const std::string& word : words) {
    try {
      container::kill(where, finder.find(word), number);
      std::printf("%s\n", word.c_str());
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  return code;
}

}  // namespace lxr::cli
