// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "cli/attach/engine_process.hpp"
#include "cli/commands/command.hpp"
#include "cli/flags/attach_flags.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "io/tty/terminal.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/container/start.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/container/waiting.hpp"

namespace lxr::cli {
namespace {

struct start_request {
  std::vector<std::string> words;
  bool attach = false, interactive = false;
};

// What `start` has to do with a container; judged under the container's lock.
enum class start_step { nothing, ask_waiting, launch };

start_step judge(const container_config& config, const container_state& state, bool attach) {
  const std::string subject = '"' + config.name + '"';
  if (state.status == container_status::starting) {
    throw error(errc::conflict, "start container", subject, "another lxr is starting it", "wait until it runs");
  }
  if (state.status == container_status::running) {
    if (!attach) return start_step::nothing;  // it runs already
    throw error(errc::conflict, "attach to container", subject, "it is running already",
                "see its output with: lxr logs -f " + config.name);
  }
  const bool waits = state.status == container_status::created && state.init.pid != 0;
  return waits && !attach ? start_step::ask_waiting : start_step::launch;
}

// Starts a container whose first process waits in lxr-init, over its start socket and without an engine. Returns false
// and does nothing when the container needs an engine or another process holds its lock.
bool start_if_waiting(const instance& where, const std::string& id) {
  const container_lock lock = try_lock_container(where, id);
  if (!lock || judge(load_config(where, id), load_state(where, id), false) != start_step::ask_waiting) return false;
  container::start_waiting(where, id);
  return true;
}

// Starts a container by the whole pipeline: one that has exited, one whose waiting process ended in a reboot, or one
// that is to be attached, whose output is then seen from its beginning.
task<void> start_one(engine_process& h, std::string id, bool attach, bool interactive) {
  container_lock lock = co_await lock_container(h.where(), id);
  const container_config config = load_config(h.where(), id);
  const container_state raw = load_raw_state(h.where(), id), state = corrected(raw);
  const start_step step = judge(config, state, attach);
  if (step == start_step::ask_waiting) container::start_waiting(h.where(), id);
  if (step != start_step::launch) co_return;
  save(h.where(), id, raw);  // a full disk fails here, before the waiting process is ended
  co_await container::kill_process(state.init);
  container::release_kernel_objects(h.where(), h.engine().cgroups, id, raw);
  container::start_options options;
  options.background = !attach;
  options.size = h.client().size;
  options.previous = raw;
  if (attach && interactive && !config.process.tty) options.stdin_source = std::move(h.client().input);
  auto launching = container::start(h.engine(), lock, config, std::move(options));
  container::launched running = co_await std::move(launching);
  if (!attach) {
    h.monitor().watch(std::move(running));
    co_return;
  }
  monitor::client_streams streams{std::move(h.client().output), std::move(h.client().errors),
                                  std::move(h.client().input)};
  h.client().started();  // before any output, so that the client's terminal is in raw mode by then
  h.monitor().watch(std::move(running), std::move(streams), [&h](int code) { h.client().finished(code); });
  h.focus(id);
}

task<void> start_all(engine_process& h, start_request what) {
  int code = 0;
  std::set<std::string> done;
  container_finder finder(h.where());
  for (const std::string& word : what.words) {
    try {
      const std::string id = finder.find(word);
      if (done.insert(id).second) {
        auto starting = start_one(h, id, what.attach, what.interactive);
        co_await std::move(starting);
      }
      if (!what.attach) print_line(word);
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  if (!what.attach || code != 0) h.client().finished(finish_output(code));
}

}  // namespace

int cmd_start(const invocation& call) {
  start_request what;
  flag_set app("Start created or exited containers.", "start", "lxr start goCon\nlxr start -ai goCon");
  app.add_flag("-a,--attach", what.attach, "Show its output and hand on signals");
  app.add_flag("-i,--interactive", what.interactive, "Also hand on standard input");
  attach_flags attach;
  attach.add_detach_keys(app);
  attach.add_sig_proxy(app);
  app.add_argument("CONTAINER", what.words, "Names or ids", value_source::startable_containers);
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
        print_line(word);
      }
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  flush_output();
  if (others.empty()) return code;
  bool tty = false;
  if (what.attach) {
    asio::io_context loop(1);
    tty = lxr::run(loop, config_of(where, resolve_container(where, others.front()))).process.tty;
  }
  if (tty && what.interactive && !io::tty::is_terminal(0))
    throw error(errc::invalid_argument, "attach", "", "the input device is not a TTY");
  what.words = others;
  session_options session{what.attach, what.interactive, what.attach && tty};
  attach.apply_to(session);
  const int rest = run_session(session, [&](engine_side& side) {
    terminal_events events;
    engine_process h(call.open(), side, events);
    h.run([&what](engine_process& inner) { return start_all(inner, what); });
  });
  return code != 0 ? code : rest;
}

}  // namespace lxr::cli
