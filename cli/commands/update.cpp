// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <set>

#include "cli/commands/command.hpp"
#include "cli/flags/resource_flags.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "pipeline/container/pause.hpp"
#include "pipeline/container/update.hpp"

namespace lxr::cli {
namespace {

// Calls `act` for each named container once, and goes on after a failure.
int for_each_container(const instance& where, const std::vector<std::string>& words,
                       const std::function<task<void>(std::string id)>& act) {
  int code = 0;
  container_finder finder(where);
  std::set<std::string> seen;
  for (const std::string& word : words) {
    try {
      const std::string id = finder.find(word);
      if (!seen.insert(id).second) continue;
      asio::io_context loop(1);
      lxr::run(loop, act(id));
      print_line(word);
    } catch (const error&) {
      code = report_failure(std::current_exception());
    }
  }
  return code;
}

// The flags of `lxr update`, over options of one container.
class update_flags {
 public:
  explicit update_flags(resource_options& options)
      : app("Change the resources of containers: at once, and for their next starts.", "update",
            "lxr update -m 512m --cpus 1.5 web\nlxr update --pids-limit -1 $(lxr ps -q)") {
    add_resource_flags(app, options);
    app.add_argument("CONTAINER", containers, "Names or ids", value_source::containers);
  }
  flag_set app;
  std::vector<std::string> containers;
};

using freezer_verb = task<void> (*)(const instance&, const io::cgroup::layout&, std::string);

int run_freezer(const invocation& call, const char* name, const char* description, freezer_verb verb) {
  flag_set app(description, name, std::string("lxr ") + name + " web");
  std::vector<std::string> words;
  app.add_argument("CONTAINER", words, "Names or ids", value_source::running_containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const auto cgroups = io::cgroup::layout::detect();
  return for_each_container(where, words, [&](std::string id) { return verb(where, cgroups, std::move(id)); });
}

}  // namespace

int cmd_pause(const invocation& call) {
  return run_freezer(call, "pause", "Stop all processes of running containers until unpause.", container::pause);
}

int cmd_unpause(const invocation& call) {
  return run_freezer(call, "unpause", "Let the processes of paused containers go on.", container::unpause);
}

int cmd_update(const invocation& call) {
  resource_options unused;
  update_flags asked(unused);
  if (const auto done = parse(asked.app, call)) return *done;
  const instance where = call.open();
  const auto cgroups = io::cgroup::layout::detect();
  // The words are read once more over the options that each container has.
  const auto change = [&call](resource_options& options) {
    update_flags flags(options);
    flags.app.parse(call.words);
    check_resources(options);
  };
  return for_each_container(where, asked.containers,
                            [&](std::string id) { return container::update(where, cgroups, std::move(id), change); });
}

}  // namespace lxr::cli
