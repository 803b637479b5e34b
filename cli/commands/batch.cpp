// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "cli/attach/engine_process.hpp"
#include "cli/commands/command.hpp"
#include "cli/flags/container_flags.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "pipeline/batch/batch.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::cli {
namespace {

struct batch_command {
  const container_flags* flags = nullptr;
  batch::request request;
};

double ms(std::chrono::nanoseconds d) { return std::chrono::duration<double, std::milli>(d).count(); }

// Returns the text for standard output: the ids, or the times and failures.
std::string summary_text(const batch::summary& s, bool quiet) {
  std::string text;
  if (quiet) {
    for (const batch::outcome& o : s.containers) {
      if (o.failure.empty()) text += o.id + "\n";
    }
    return text;
  }
  const std::size_t started = s.containers.size() - s.failed();
  char line[256];
  if (s.slots > 0) {
    std::snprintf(line, sizeof line, "made %zu slots in %.3f s (%.2f ms each)\n", s.slots, ms(s.filling) / 1000,
                  ms(s.filling) / static_cast<double>(s.slots));
    text += line;
  }
  const double seconds = ms(s.total) / 1000;
  std::snprintf(line, sizeof line, "started %zu of %zu in %.3f s (%.0f/s), p50 %.2f ms, p99 %.2f ms\n", started,
                s.containers.size(), seconds, seconds > 0 ? static_cast<double>(started) / seconds : 0,
                ms(s.percentile(0.5)), ms(s.percentile(0.99)));
  return text + line;
}

task<void> start_batch(engine_process& h, batch_command& what, engine::image_fetch& image) {
  if (image.is_stored()) {
    spec::command_line(what.request.config,
                       h.engine().image_of(what.request.config.image_id).config);  // throws before anything is made
  } else {
    what.request.image_arrival = [&image] { return image.stored(); };
  }
  auto running = batch::run(h.engine(), h.monitor(), what.request);
  const batch::summary result = co_await std::move(running);
  for (const batch::outcome& o : result.containers) {
    if (!o.failure.empty()) print_error(o.name + ": " + o.failure);
  }
  const std::string remains =
      "what was started is there all the same, as " + what.request.prefix + "-1 and so on: see lxr ps -a";
  const int arrived = print_result(summary_text(result, what.flags->quiet), remains);
  h.events().show(what.flags->timing, what.flags->trace);
  h.client().finished(result.failed() == 0 ? arrived : tool_failed);
}

task<void> run_batch(engine_process& h, batch_command what) {
  engine::image_fetch image(h.engine(), what.flags->image_of(what.request.config));
  std::exception_ptr failure;
  try {
    const engine::image_fetch::image_name name = co_await image.known();
    what.request.config.image_id = name.id;
    what.request.config.image = name.shown;
    spec::add_image_volumes(what.request.config.storage, name.volumes);
    co_await start_batch(h, what, image);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await image.finish(failure);
}

}  // namespace

int cmd_batch(const invocation& call) {
  flag_set app(
      "Create and start many containers of one image: one pull, one process, one monitor for all.\nCtrl-C at any "
      "moment removes what was made.",
      "batch", "lxr batch -n 200 alpine sleep 1000\nlxr batch -n 50 --name worker -m 64m 127.0.0.1:5000/worker");
  batch_command what;
  container_flags flags;
  what.flags = &flags;
  flags.add_to(app);
  what.request.prefix = "batch-" + random_hex(3);
  app.add_option("-n,--count", what.request.count, "How many")->required()->range(1, 60000);
  app.add_option("--name", what.request.prefix, "Containers are called PREFIX-1 to PREFIX-N (generated)")
      ->takes("PREFIX");
  app.add_option("--parallel", what.request.parallel, "Starts in progress at once")->range(1, 1024);
  app.add_option("--slots", what.request.slots,
                 "Make so many ahead, while the image is pulled, and begin when they are ready")
      ->range(0, 4096);
  app.add_flag("--all-or-nothing", what.request.all_or_nothing, "When one cannot start, remove them all");
  if (const auto done = parse(app, call)) return *done;
  what.request.config = flags.config(app);
  return run_session({}, [&](engine_side& side) {
    terminal_events events(flags.quiet);
    engine_process h(call.open(), side, events);
    h.run([&what](engine_process& inner) { return run_batch(inner, what); });
  });
}

}  // namespace lxr::cli
