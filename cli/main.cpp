// lxr: the command line, and the engine behind it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/background.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

constexpr command commands[] = {
    {"run", cmd_run, "Create and start a container"},
    {"create", cmd_create, "Create a container and prepare everything up to its start"},
    {"start", cmd_start, "Start created or exited containers"},
    {"exec", cmd_exec, "Run a command (or a shell) in a running container"},
    {"batch", cmd_batch, "Create and start many containers at once"},
    {"ps", cmd_ps, "List containers"},
    {"inspect", cmd_inspect, "Show everything known about containers or images, as JSON"},
    {"logs", cmd_logs, "Show the output of a container"},
    {"stop", cmd_stop, "Stop running containers"},
    {"kill", cmd_kill, "Send a signal to running containers"},
    {"rm", cmd_rm, "Remove containers"},
    {"pull", cmd_pull, "Pull an image"},
    {"images", cmd_images, "List images"},
    {"rmi", cmd_rmi, "Remove images"},
    {"history", cmd_history, "Show how an image came to be"},
    {"image", cmd_image, "Work on images: ls, pull, rm, inspect, history, prune"},
    {"system", cmd_system, "Care for the store: df, prune, check, info"},
    {"info", cmd_info, "Show what this host offers and where lxr keeps things"},
    {"version", cmd_version, "Show the version"},
};

void print_help() {
  std::printf("Usage: lxr [--root DIR] [--state DIR] COMMAND [ARGUMENT ...]\n\n"
              "Fast containers from OCI images.\n\nCommands:\n");
  for (const command& c : commands) std::printf("  %-9s %s\n", c.name, c.summary);
  std::printf("\nOptions:\n"
              "  --root DIR    where images and containers are kept (LXR_ROOT; %s)\n"
              "  --state DIR   where running state is kept (LXR_STATE; %s)\n"
              "  --version     show the version\n"
              "  --help        show this text; `lxr COMMAND --help` shows a command's\n\n"
              "Examples:\n"
              "  lxr run -it debian                      a shell in a new container\n"
              "  lxr run -d --name web nginx             in the background\n"
              "  lxr exec web                            the best shell it has\n"
              "  lxr batch -n 200 alpine sleep 1000      two hundred, each with its own address\n"
              "  lxr rm -f $(lxr ps -aq)                 remove everything\n",
              default_root, default_state);
}

int bad_usage(const std::string& what) {
  std::fprintf(stderr, "lxr: %s\nSee 'lxr --help'.\n", what.c_str());
  return tool_failed;
}

std::string from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : fallback;
}

// Takes the words before the command out of `words`. Returns an exit code when there is nothing left to do.
std::optional<int> take_global_options(invocation& call) {
  while (!call.words.empty() && call.words.front().starts_with('-')) {
    const std::string word = call.words.front();
    call.words.erase(call.words.begin());
    if (word == "--help" || word == "-h") {
      print_help();
      return 0;
    }
    if (word == "--version" || word == "-v") return cmd_version(call);
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (name != "--root" && name != "--state") return bad_usage("unknown flag: " + word);
    std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos && !call.words.empty()) {
      value = call.words.front();
      call.words.erase(call.words.begin());
    }
    if (value.empty()) return bad_usage("flag needs a directory: " + name);
    (name == "--root" ? call.root : call.state) = value;
  }
  return std::nullopt;
}

int run(int argc, char** argv) {
  invocation call{from_environment("LXR_ROOT", default_root), from_environment("LXR_STATE", default_state), {argv + 1, argv + argc}};
  if (const auto done = take_global_options(call)) return *done;
  if (call.words.empty()) {
    print_help();
    return tool_failed;
  }
  std::string name = call.words.front();
  call.words.erase(call.words.begin());
  if (name == "help") {
    if (call.words.empty()) {
      print_help();
      return 0;
    }
    name = call.words.front();
    call.words = {"--help"};
  }
  for (const command& c : commands) {
    if (name == c.name) return c.run(call);
  }
  return bad_usage("unknown command: " + name);
}

}  // namespace

int run_group(const invocation& call, const std::string& group, std::span<const command> table) {
  const std::string name = call.words.empty() ? "--help" : call.words.front();
  for (const command& c : table) {
    if (name == c.name) return c.run({call.root, call.state, {call.words.begin() + 1, call.words.end()}});
  }
  if (name != "--help" && name != "-h") return bad_usage("unknown command: " + group + " " + name);
  std::printf("Usage: lxr %s COMMAND [ARGUMENT ...]\n\nCommands:\n", group.c_str());
  for (const command& c : table) std::printf("  %-9s %s\n", c.name, c.summary);
  return call.words.empty() ? tool_failed : 0;
}

bool confirm(const std::string& warning) {
  std::printf("%s\nAre you sure you want to continue? [y/N] ", warning.c_str());
  std::fflush(stdout);
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
  const std::string word(answer, std::strcspn(answer, "\n"));
  return word == "y" || word == "Y" || word == "yes";
}

instance invocation::open() const {
  if (::geteuid() != 0) {
    throw error(errc::not_permitted, "use", root, "lxr needs root: it creates namespaces, mounts and network links",
                "run it with sudo");
  }
  return instance::open(root, state);
}

void set_usage(CLI::App& app, const std::string& words) { app.get_formatter()->label("OPTIONS", words); }

std::optional<int> parse(CLI::App& app, const invocation& call) {
  app.get_formatter()->column_width(30);
  const std::string name = app.get_name();
  app.name("lxr " + name);
  std::vector<std::string> reversed(call.words.rbegin(), call.words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& e) {
    return bad_usage(name + ": " + e.what());
  }
  return std::nullopt;
}

}  // namespace lxr::cli

namespace {

// A closed standard descriptor must not become a socket or an epoll of ours that the streams' users then overwrite.
void open_standard_descriptors() {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

// Results that did not arrive are a failure: a full disk behind standard output.
int check_output(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (errno == EPIPE) return code == 0 ? 128 + SIGPIPE : code;
  std::fprintf(stderr, "lxr: cannot write to standard output: %s\n", std::strerror(errno));
  return code == 0 ? lxr::cli::tool_failed : code;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  lxr::cli::remember_arguments(argc, argv);
  ::umask(022);  // what lxr makes does not depend on its caller's
  try {
    return check_output(lxr::cli::run(argc, argv));
  } catch (...) {
    return lxr::cli::report_failure(std::current_exception());
  }
}
