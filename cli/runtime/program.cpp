// SPDX-License-Identifier: Apache-2.0
#include "cli/runtime/program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/flags/help_text.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

constexpr verb verbs[] = {
    {"create", verb_create, failed}, {"run", verb_run, failed},       {"start", verb_start, failed},
    {"kill", verb_kill, failed},     {"delete", verb_delete, failed}, {"exec", verb_exec, exec_failed},
    {"state", verb_state, failed},   {"list", verb_list, failed},     {"ps", verb_ps, failed},
    {"events", verb_events, failed}, {"pause", verb_pause, failed},   {"resume", verb_resume, failed},
    {"update", verb_update, failed}, {"spec", verb_spec, failed},     {"features", verb_features, failed},
};

constexpr const char* own_help =
    "Usage: lxr runtime [OPTIONS] VERB [ARGUMENT ...]\n\n"
    "The OCI runtime: makes containers of bundles, for podman, containerd, docker and others.\n\n"
    "Verbs:\n"
    "  create run start kill delete exec state list ps events pause resume update spec features\n\n"
    "Options:\n"
    "  --root DIR                 where the state of containers is kept (/run/lxr/runtime)\n"
    "  --log FILE                 a file that gets a line for each error\n"
    "  --log-format text|json     how these lines look\n"
    "  --cgroup-manager cgroupfs|disabled\n"
    "  --debug, --rootless BOOL   taken for callers that send them\n"
    "  --version, --help\n";

std::string default_root() {
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  if (::geteuid() != 0 && own != nullptr && *own != 0) return std::string(own) + "/lxr/runtime";
  return "/run/lxr/runtime";
}

// Parsers want the name they called in the first line, and the specification's version.
void print_version(const std::string& program) {
  print_line(program + " version " LXR_VERSION);
  print_line("commit: lxr " LXR_VERSION);
  print_line("spec: 1.3.0");
  if (program == "crun") print_line("+SECCOMP +EBPF +CAP");
}

void set_manager(globals& g, const std::string& word) {
  g.uses_cgroups = word != "disabled";
  if (word == "systemd") {
    throw error(errc::unsupported, "use --cgroup-manager", word, "lxr knows no systemd cgroups yet",
                "use cgroupfs, and the same in the caller's configuration");
  }
  if (word != "cgroupfs" && word != "disabled")
    throw error(errc::invalid_argument, "use --cgroup-manager", '"' + word + '"', "it is cgroupfs or disabled");
}

int run_verb(const std::string& program, const std::vector<std::string>& words, int& failure) {
  globals g{.root = default_root()};
  bool version = false, debug = false, systemd = false;
  std::string ignored;
  flag_set flags("", "runtime");
  flags.add_option("--root", g.root, "");
  flags.add_option(
      "--log", [](const std::string& path) { the_log().open(path.starts_with("file:") ? path.substr(5) : path); }, "");
  flags.add_option(
           "--log-format", [](const std::string& word) { the_log().use_json(word == "json"); }, "")
      ->one_of({"text", "json"});
  flags.add_option("--log-level", ignored, "");
  flags.add_option("--cgroup-manager", [&g](const std::string& word) { set_manager(g, word); }, "");
  flags.add_option("--rootless", ignored, "");
  flags.add_flag("--debug", debug, "");
  flags.add_flag("--systemd-cgroup", systemd, "");
  flags.add_flag("-v,-V,--version", version, "");
  flags.stop_at_first_argument("VERB [ARGUMENT ...]");
  flags.parse(words);
  if (version) {
    print_version(program);
    return 0;
  }
  std::vector<std::string> rest = flags.remaining();
  if (flags.wants_help() || rest.empty() || rest.front() == "help") {
    print_text(own_help);
    return flags.wants_help() || !rest.empty() ? 0 : failed;
  }
  const std::string name = rest.front();
  rest.erase(rest.begin());
  if (name == "checkpoint" || name == "restore")
    throw error(errc::unsupported, name, "container", "lxr does not do checkpoints");
  const auto* found = std::ranges::find_if(verbs, [&](const verb& v) { return name == v.name; });
  if (found == std::end(verbs)) throw error(errc::invalid_argument, "do", '"' + name + '"', "there is no such verb");
  failure = found->failure;
  if (systemd) set_manager(g, "systemd");
  return found->run({g, std::move(rest)});
}

}  // namespace

void verb_call::run(const std::function<task<void>(runtime::context&)>& work) const {
  asio::io_context loop(1);
  launch::context launching(loop.get_executor(), the_log());
  runtime::context on{launching, global.root, io::cgroup::layout::detect()};
  lxr::run(loop, work(on));
}

void verb_call::perform(const std::function<void(runtime::context&)>& work) const {
  run([&work](runtime::context& on) {
    work(on);
    return []() -> task<void> { co_return; }();
  });
}

bool verb_call::parse(flag_set& flags) const {
  flags.parse(words);
  if (flags.wants_help()) print_text(help_text(flags));
  return !flags.wants_help();
}

int preserved_descriptors(std::int64_t asked, std::vector<std::string>& environment) {
  constexpr int first = 3, most = 1000;
  const char* count = std::getenv("LISTEN_FDS");
  const char* pid = std::getenv("LISTEN_PID");
  const bool is_ours = count != nullptr && (pid == nullptr || std::atoi(pid) == ::getpid());
  const int listening = is_ours ? std::clamp(std::atoi(count), 0, most) : 0;
  const int all = static_cast<int>(asked) + listening;
  for (int fd = first; fd < first + all; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)  // lxr's own are closed on exec
      throw error(errc::invalid_argument, "preserve", "descriptor " + std::to_string(fd), "it is not open",
                  "open it, or preserve fewer");
  }
  if (listening > 0) {
    environment.push_back("LISTEN_FDS=" + std::to_string(listening));
    environment.emplace_back("LISTEN_PID=1");
    if (const char* names = std::getenv("LISTEN_FDNAMES"))
      environment.push_back(std::string("LISTEN_FDNAMES=") + names);
  }
  return all;
}

const std::string& only_id(const flag_set& flags) {
  if (flags.remaining().empty()) throw error(errc::invalid_argument, "use", flags.title(), "a container ID is needed");
  return flags.remaining().front();
}

int run_program(const std::string& program, std::vector<std::string> words) {
  int failure = failed;
  try {
    return run_verb(program, words, failure);
  } catch (...) {
    the_log().error(describe(std::current_exception()));
    return failure;
  }
}

}  // namespace lxr::cli::runtime_verbs
