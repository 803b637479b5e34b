// SPDX-License-Identifier: Apache-2.0
// lxr: the command line. A command that starts containers forks an engine (cli/attach/session.hpp).
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cli/attach/background.hpp"
#include "cli/commands/command.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

void print_help() {
  std::string text =
      "Usage: lxr [--root DIR] [--state DIR] COMMAND [ARGUMENT ...]\n\nFast containers from OCI images.\n\nCommands:\n";
  for (const command& c : all_commands())
    text += "  " + std::string(c.name) + std::string(10 - std::string_view(c.name).size(), ' ') + c.summary + "\n";
  text += "  runtime   Be an OCI runtime: create, start, state, kill, delete, exec, ... of bundles\n";
  text += std::string(
              "\nOptions:\n"
              "  --root DIR     where images and containers are kept (LXR_ROOT; ") +
          default_root +
          ")\n"
          "  --state DIR    where running state is kept (LXR_STATE; " +
          default_state +
          ")\n"
          "  -v, --version  show the version\n"
          "  --help         show this text; `lxr COMMAND --help` shows a command's\n\n"
          "Examples:\n"
          "  lxr run -it debian                      a shell in a new container\n"
          "  lxr run -d --name web nginx             in the background\n"
          "  lxr exec web                            the best shell it has\n"
          "  lxr batch -n 200 alpine sleep 1000      two hundred, each with its own address\n"
          "  lxr rm -f $(lxr ps -aq)                 remove everything\n";
  print_text(text);
}

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : fallback;
}

void check_directory(const std::string& flag, const std::string& path) {
  if (path.empty()) throw error(errc::invalid_argument, "use " + flag, "\"\"", "it is a directory");
}

int run(int argc, char** argv) {
  invocation call{from_environment("LXR_ROOT", default_root), from_environment("LXR_STATE", default_state), {}};
  flag_set global("", "");
  bool version = false;
  global.add_option("--root", call.root, "");
  global.add_option("--state", call.state, "");
  global.add_flag("-v,--version", version, "");
  global.stop_at_first_argument("COMMAND [ARGUMENT ...]");
  global.parse({argv + 1, argv + argc});
  check_directory("--root", call.root);
  check_directory("--state", call.state);
  call.words = global.remaining();
  if (!global.wants_help() && version) return cmd_version({call.root, call.state, {}});
  const bool help = !call.words.empty() && call.words.front() == "help";
  if (help) {
    call.words.erase(call.words.begin());
    if (!call.words.empty()) call.words.emplace_back("--help");
  }
  if (global.wants_help() || call.words.empty()) {
    print_help();
    return global.wants_help() || help ? 0 : tool_failed;
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
    code = name == "lxr-runtime" || name == "runc" || name == "crun"
               ? lxr::cli::runtime_verbs::run_program(name, {argv + 1, argv + argc})
               : lxr::cli::run(argc, argv);
  } catch (...) {
    code = lxr::cli::report_failure(std::current_exception());
  }
  return lxr::cli::finish_output(code);
}
