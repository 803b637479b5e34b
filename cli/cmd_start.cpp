#include <csignal>
#include <cstdio>
#include <set>

#include "cli/attach_flags.hpp"
#include "cli/exit_code.hpp"
#include "cli/host.hpp"
#include "core/base/error.hpp"
#include "core/state/names.hpp"
#include "io/tty/terminal.hpp"
#include "pipeline/container/launch.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/container/stop.hpp"

namespace lxr::cli {
namespace {

struct start_request {
  std::vector<std::string> words;
  bool attach = false, interactive = false;
};

void check_startable(const instance& where, const std::string& id, const container_state& state) {
  if (!is_being_made(where, id, state)) return;
  throw error(errc::conflict, "start container", '"' + load_config(where, id).name + '"', "another lxr is starting it", "wait until it runs");
}

// A waiting container needs no engine: its first process is asked directly. False when it is not waiting.
bool start_if_waiting(const instance& where, const std::string& id) {
  const auto lock = lock_container(where, id);
  const container_state state = load_state(where, id);
  check_startable(where, id, state);
  if (!lock || state.status != container_status::created || state.init.pid == 0) return false;
  container::start_waiting(where, id);
  mark_running(where, id);
  return true;
}

// One that has exited, or lost its waiting process to a reboot, goes through the whole pipeline again.
task<void> launch_again(host& h, const std::string& id, bool attach, bool interactive) {
  make_state_dir(h.where(), id);
  const auto lock = lock_container(h.where(), id);
  const container_state state = load_state(h.where(), id);
  check_startable(h.where(), id, state);
  if (state.status == container_status::running) {
    if (!attach) co_return;  // it runs, as asked
    throw error(errc::conflict, "attach to container", '"' + load_config(h.where(), id).name + '"', "it is running already",
                "see its output with: lxr logs -f " + short_id(id));
  }
  if (state.init.pid != 0) co_await container::end_process(state.init, SIGKILL, std::chrono::seconds(10));
  container::release_kernel_objects(h.where(), h.engine().cgroups, id, load_raw_state(h.where(), id));
  container_config config = load_config(h.where(), id);
  container::launch_options options;
  options.background = !attach;
  if (attach && interactive && !config.tty) options.stdin_source = std::move(h.client().input);
  auto launching = container::launch(h.engine(), config, std::move(options));
  container::launched running = co_await std::move(launching);
  if (!attach) {
    h.monitor().watch(std::move(running));
    co_return;
  }
  container::client_streams streams{std::move(h.client().output), std::move(h.client().errors), std::move(h.client().input)};
  h.monitor().watch(std::move(running), std::move(streams), [&h](int code) { h.client().finished(code); });
  h.focus(id);
  h.client().started();
}

task<void> start_all(host& h, start_request what) {
  int code = 0;
  std::set<std::string> done;
  container_finder finder(h.where());
  for (const std::string& word : what.words) {
    try {
      const std::string id = finder.find(word);
      if (done.insert(id).second) {
        auto launching = launch_again(h, id, what.attach, what.interactive);
        co_await std::move(launching);
      }
      if (!what.attach) std::printf("%s\n", word.c_str());
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  std::fflush(stdout);
  if (!what.attach || code != 0) h.client().finished(code);
}

}  // namespace

int cmd_start(const invocation& call) {
  start_request what;
  CLI::App app("Start created or exited containers.\n\nExamples:\n  lxr start goCon\n  lxr start -ai goCon", "start");
  app.set_help_flag("--help", "Show this text");
  app.add_flag("-a,--attach", what.attach, "Show its output and hand on signals");
  app.add_flag("-i,--interactive", what.interactive, "Also hand on standard input");
  attach_flags attach;
  attach.add_detach_keys(app);
  attach.add_sig_proxy(app);
  app.add_option("CONTAINER", what.words, "Names or ids")->required();
  if (const auto done = parse(app, call)) return *done;
  if (what.interactive) what.attach = true;
  if (what.attach && what.words.size() != 1) {
    throw error(errc::invalid_argument, "use --attach", "", "it takes exactly one container");
  }
  const instance where = call.open();
  int code = 0;
  std::vector<std::string> others;
  container_finder finder(where);
  for (const std::string& word : what.words) {
    try {
      const std::string id = finder.find(word);
      if (what.attach || !start_if_waiting(where, id)) {
        others.push_back(word);
      } else {
        std::printf("%s\n", word.c_str());
      }
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  std::fflush(stdout);
  if (others.empty()) return code;
  bool tty = false;
  if (what.attach) tty = load_config(where, resolve_container(where, others.front())).tty;
  if (tty && what.interactive && !io::tty::is_terminal(0)) throw error(errc::invalid_argument, "attach", "", "the input device is not a TTY");
  what.words = others;
  session_options session{what.attach, what.interactive, what.attach && tty};
  attach.apply_to(session);
  const int rest = run_session(session, [&](engine_side& side) {
    terminal_events events;
    host h(call, side, events);
    h.run([&what](host& inner) { return start_all(inner, what); });
  });
  return code != 0 ? code : rest;
}

}  // namespace lxr::cli
