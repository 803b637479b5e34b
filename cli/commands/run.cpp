// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/attach/engine_process.hpp"
#include "cli/commands/command.hpp"
#include "cli/flags/attach_flags.hpp"
#include "cli/flags/container_flags.hpp"
#include "cli/flags/id_file.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "io/tty/terminal.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/container/start.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::cli {
namespace {

struct run_request {
  const container_flags* flags = nullptr;
  container_config config;
  std::shared_ptr<id_file> cidfile;
  bool detach = false, start = true, replace = false;
};

// The container of exactly this name.
std::optional<std::string> container_of_name(const instance& where, const std::string& name) {
  std::optional<std::string> out;
  quietly([&] {
    const std::string id = resolve_container(where, name);  // may also begin with these digits
    if (load_config(where, id).name == name) out = id;
  });
  return out;
}

// Removes the container that has the name, if there is one.
task<void> remove_old(engine_process& h, std::string name) {
  const auto id = container_of_name(h.where(), name);
  if (!id) co_return;
  auto removing = container::remove(h.where(), h.engine().cgroups, *id, container::removal_mode::any);
  co_await std::move(removing);
  auto settling = container::settle(h.where(), h.engine().cgroups, {*id});
  co_await std::move(settling);
}

// Creates and starts the container. The image's id must be known; its layers may still be in transfer.
task<void> start_container(engine_process& h, run_request& what, engine::image_fetch& image) {
  const bool stored = image.is_stored();
  if (stored)
    spec::command_line(what.config,
                       h.engine().image_of(what.config.image_id).config);  // throws before anything is made
  if (what.replace) co_await remove_old(h, what.config.name);
  container::created fresh =
      container::create(h.where(), h.engine().self(), what.config,
                        stored ? container::image_state::stored : container::image_state::coming);
  const container_config config = std::move(fresh.config);
  container::start_options options;
  options.wait = !what.start;
  const bool attached = what.start && !what.detach;
  options.background = !attached;
  options.size = h.client().size;
  if (attached && config.process.open_stdin && !config.process.tty) options.stdin_source = std::move(h.client().input);
  if (!stored) options.until_image = [&image] { return image.stored(); };
  std::exception_ptr failure;
  try {
    what.cidfile->write(config.id);
    auto launching = container::start(h.engine(), fresh.lock, config, std::move(options));
    container::launched running = co_await std::move(launching);
    h.events().show(what.flags->timing, what.flags->trace);
    if (!attached) {
      h.monitor().watch(std::move(running));
      fresh.lock.release();  // before the client exits: a command that follows must not find the lock held
      h.client().finished(print_result(
          config.id + "\n",
          "container " + config.name + " is there all the same; remove it with: lxr rm -f " + config.name));
      co_return;
    }
    monitor::client_streams streams{std::move(h.client().output), std::move(h.client().errors),
                                    std::move(h.client().input)};
    h.client().started();  // before any output, so that the client's terminal is in raw mode by then
    h.monitor().watch(std::move(running), std::move(streams), [&h](int code) { h.client().finished(code); });
    fresh.lock.release();
    h.focus(config.id);
    co_return;
  } catch (...) {
    failure = std::current_exception();
  }
  if (fresh.lock) container::discard(h.where(), config);
  what.cidfile->remove();
  std::rethrow_exception(failure);
}

// Runs the command's work in the engine: for `run`, and for `create`, which stops before the start.
task<void> run_container(engine_process& h, run_request what) {
  engine::image_fetch image(h.engine(), what.flags->image_of(what.config));
  std::exception_ptr failure;
  try {
    const engine::image_fetch::image_name name = co_await image.known();
    what.config.image_id = name.id;
    what.config.image = name.shown;
    spec::add_image_volumes(what.config.storage, name.volumes);
    co_await start_container(h, what, image);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await image.finish(failure);
}

int run_or_create(const invocation& call, bool start) {
  run_request what;
  what.start = start;
  flag_set app(start ? "Create and start a container from an image."
                     : "Create a container and prepare everything up to its start: its first process waits, set up, "
                       "for `lxr start`.",
               start ? "run" : "create",
               start ? "lxr run -it --rm debian bash\nlxr run -d --name web -m 256m 127.0.0.1:5000/web\n"
                       "echo hi | lxr run -i --rm alpine cat"
                     : "lxr create --name goCon golang && lxr start goCon && lxr exec goCon go version");
  container_flags flags;
  what.flags = &flags;
  flags.add_to(app);
  std::string name;
  bool interactive = false, tty = false;
  app.add_option("--name", name, "Name of the container (generated)")->takes("NAME");
  app.add_flag("-i,--interactive", interactive, "Keep standard input open");
  app.add_flag("-t,--tty", tty, "Give the container a terminal");
  app.add_flag("--replace", what.replace, "Remove the container that has the name first, also when it runs");
  std::string cidfile;
  app.add_option("--cidfile", cidfile, "Write the id to a file, which must not be there yet")
      ->takes("FILE", value_source::files);
  attach_flags attach;
  attach.add_streams(app);
  if (start) attach.add_detach_keys(app);
  if (start) attach.add_sig_proxy(app);
  if (start) app.add_flag("-d,--detach", what.detach, "Run in the background and print the id");
  if (const auto done = parse(app, call)) return *done;
  what.config = flags.config(app);
  what.config.name = name;
  if (what.replace && name.empty())
    throw error(errc::invalid_argument, "use --replace", "", "no name was given", "add --name");
  what.config.process.tty = tty;
  what.config.process.open_stdin = interactive;
  if (what.detach && !attach.streams.empty()) {
    throw error(errc::invalid_argument, "use --attach", "", "it conflicts with --detach", "leave one of them out");
  }
  const bool attached = start && !what.detach;
  if (attached && tty && interactive && !io::tty::is_terminal(0)) {
    throw error(errc::invalid_argument, "use -t", "", "the input device is not a TTY",
                "leave out -t, or run it from a terminal");
  }
  what.cidfile = std::make_shared<id_file>(cidfile);
  session_options session{attached, attached && interactive, attached && tty};
  attach.apply_to(session);
  session.kept = what.cidfile->descriptor();
  return run_session(session, [&](engine_side& side) {
    terminal_events events(flags.quiet);
    engine_process h(call.open(), side, events);
    h.run([&what](engine_process& inner) { return run_container(inner, what); });
  });
}

}  // namespace

int cmd_run(const invocation& call) { return run_or_create(call, true); }
int cmd_create(const invocation& call) { return run_or_create(call, false); }

}  // namespace lxr::cli
