// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "cli/attach/background.hpp"
#include "cli/commands/command.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "io/cgroup/layout.hpp"
#include "pipeline/container/remove.hpp"

namespace lxr::cli {
namespace {

// Returns podman's exit codes: 1 when a container does not exist (0 with -f), 2 when one is running, 125 for other
// failures.
int code_of(const std::exception_ptr& failure, bool force, int before) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    if (e.code() == errc::not_found && force) return before;
    report_failure(failure);
    return e.code() == errc::not_found ? 1 : e.code() == errc::conflict ? 2 : tool_failed;
  }
}

}  // namespace

int cmd_rm(const invocation& call) {
  flag_set app("Remove containers.", "rm", "lxr rm web\nlxr rm -f $(lxr ps -aq)");
  std::vector<std::string> words;
  bool force = false, volumes = false;
  app.add_flag("-f,--force", force, "Kill running ones first; missing ones are not an error");
  app.add_flag("-v,--volumes", volumes, "Also their anonymous volumes");
  app.add_argument("CONTAINER", words, "Names or ids", value_source::containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();

  int code = 0;
  std::vector<std::string> ids;
  std::map<std::string, std::string> word_of;
  container_finder finder(where);
  for (const std::string& word : words) {
    try {
      std::string id = finder.find(word);
      if (word_of.emplace(id, word).second) ids.push_back(std::move(id));
    } catch (const error&) {
      code = code_of(std::current_exception(), force, code);
    }
  }
  asio::io_context loop(1);
  const auto cgroups = io::cgroup::layout::detect();
  const auto mode = force ? container::removal_mode::any : container::removal_mode::stopped;
  const auto what = volumes ? container::anonymous_volumes::removed : container::anonymous_volumes::kept;
  const auto outcomes = lxr::run(loop, container::remove_many(where, cgroups, ids, mode, what));
  for (const container::removal& r : outcomes) {
    if (r.failure) {
      code = code_of(r.failure, force, code);
    } else {
      print_line(word_of[r.id]);
    }
  }
  const auto settle = [&] {
    asio::io_context later(1);
    lxr::run(later, container::settle(where, cgroups, ids));
  };
  const int kept[] = {where.root_fd(), where.state_fd()};
  run_behind(settle, kept);
  return code;
}

}  // namespace lxr::cli
