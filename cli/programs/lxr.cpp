// SPDX-License-Identifier: Apache-2.0
// lxr: the command line. A command that starts containers forks an engine (cli/attach/session.hpp).
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "cli/attach/background.hpp"
#include "cli/commands/command.hpp"
#include "cli/flags/global_flags.hpp"
#include "cli/flags/help_text.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "pipeline/network/egress_helper.hpp"
#include "pipeline/network/resolver.hpp"

namespace lxr::cli {
namespace {

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "__complete") return answer_completion({argv + 2, argv + argc});
  global_flags global;
  global.app.parse({argv + 1, argv + argc});
  global.check();
  invocation call{global.root, global.state, global.app.remaining()};
  if (!global.app.wants_help() && global.version) return cmd_version({call.root, call.state, {}});
  const bool help = !call.words.empty() && call.words.front() == "help";
  if (help) {
    call.words.erase(call.words.begin());
    if (!call.words.empty()) call.words.emplace_back("--help");
  }
  if (global.app.wants_help() || call.words.empty()) {
    print_text(help_text(global.app, list_of(all_commands())));
    return global.app.wants_help() || help ? 0 : tool_failed;
  }
  if (call.words.front() == "runtime")
    return runtime_verbs::run_program("lxr-runtime", {call.words.begin() + 1, call.words.end()});
  return dispatch(call, "", all_commands());
}

}  // namespace
}  // namespace lxr::cli

namespace {

constexpr int heap_step = 512 << 10;  // bytes; untouched pages take no memory

// Opens /dev/null for each standard descriptor that the caller has closed. Else lxr's next socket or epoll would get
// its number, and output would be written into that.
void open_standard_descriptors() {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  lxr::cli::remember_arguments(argc, argv);
  ::umask(022);                     // the modes of lxr's files do not depend on the caller's umask
  ::mallopt(M_TOP_PAD, heap_step);  // the heap of a start grows once, not twenty times
  ::mallopt(M_TRIM_THRESHOLD, heap_step * 8);
  int code = 0;
  try {
    const std::string name = argc > 0 ? std::string(argv[0]).substr(std::string(argv[0]).rfind('/') + 1) : "";
    if (name == lxr::network::resolver_program) return lxr::network::run_resolver();
    if (name == lxr::network::egress_program) return lxr::network::run_egress_helper(argv[1]);
    code = name == "lxr-runtime" || name == "runc" || name == "crun"
               ? lxr::cli::runtime_verbs::run_program(name, {argv + 1, argv + argc})
               : lxr::cli::run(argc, argv);
  } catch (...) {
    code = lxr::cli::report_failure(std::current_exception());
  }
  return lxr::cli::finish_output(code);
}
