// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <charconv>
#include <csignal>
#include <optional>

#include "cli/attach/relay.hpp"
#include "cli/runtime/attended.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"
#include "core/oci/runtime_spec/words.hpp"
#include "io/process/child_process.hpp"
#include "io/tty/terminal.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

struct exec_flags {
  std::string process_file, cwd, user, apparmor, label, cgroup;
  std::vector<std::string> env, groups, capabilities;
  bool tty = false, detach = false, no_new_privileges = false;
  std::int64_t preserved = 0;
};

oci::process_spec read_process(const std::string& path) {
  const auto opened = file::try_open_at(AT_FDCWD, path, O_RDONLY);
  if (!opened) throw error(errc::not_found, "open", path, "no such file or directory");
  json::object document{{"ociVersion", "1.0.0"}, {"root", {{"path", "/"}}}};
  document["process"] = json::parse_record(file::read_all(opened->get(), path), path);
  oci::process_spec process = oci::read_runtime_spec(document, path).process.value();
  oci::validate(process, path);
  return process;
}

std::uint32_t parse_id(const std::string& word) {
  std::uint32_t id = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (failure == std::errc() && !word.empty() && end == word.data() + word.size()) return id;
  throw error(errc::invalid_argument, "use user", '"' + word + '"', "it is a number: UID[:GID]");
}

// The container's process with other words, and what the flags change.
oci::process_spec changed(oci::process_spec process, const exec_flags& f, std::vector<std::string> args) {
  process.args = std::move(args);
  process.terminal = f.tty;
  process.console_size.reset();
  if (!f.cwd.empty()) process.cwd = f.cwd;
  for (const std::string& assignment : f.env) {  // the last one counts
    const std::string key = assignment.substr(0, assignment.find('=')) + "=";
    std::erase_if(process.env, [&key](const std::string& known) { return known.starts_with(key); });
    process.env.push_back(assignment);
  }
  if (!f.user.empty()) {
    const auto colon = f.user.find(':');
    process.user.uid = parse_id(f.user.substr(0, colon));
    if (colon != std::string::npos) process.user.gid = parse_id(f.user.substr(colon + 1));
  }
  for (const std::string& group : f.groups) process.user.additional_gids.push_back(parse_id(group));
  if (f.no_new_privileges) process.no_new_privileges = true;
  if (!f.capabilities.empty()) {
    oci::capability_set more;
    oci::from_words(f.capabilities, more);
    oci::capability_sets& sets = process.capabilities ? *process.capabilities : process.capabilities.emplace();
    for (oci::capability_set* set : {&sets.bounding, &sets.effective, &sets.permitted}) set->bits |= more.bits;
  }
  return process;
}

task<void> exec_one(runtime::context& on, std::string id, runtime::exec_options options, launch::started_process& out) {
  auto executing = runtime::exec(on, std::move(id), std::move(options));
  out = co_await std::move(executing);
}

}  // namespace

int attend(int pidfd, int terminal) {
  relay copy;
  std::optional<io::tty::raw_mode> raw;
  const auto fit = [terminal] { io::tty::set_size(terminal, io::tty::own_size()); };
  if (terminal >= 0) {
    if (io::tty::is_terminal(0)) {
      fit();
      raw.emplace(0);
    }
    ::fcntl(terminal, F_SETFL, O_NONBLOCK);
    copy.copy_input(0, terminal, "", [] {});
    copy.copy_output(terminal, 1);
  }
  copy.on_signal([&](int number) {
    if (number != SIGWINCH) {
      io::process::send_signal(pidfd, number);
    } else if (terminal >= 0) {
      fit();
    }
  });
  copy.until(pidfd, [] { return true; });
  copy.run();
  const auto ended = io::process::reap(pidfd, true);
  return ended ? ended->code : failed;
}

int verb_exec(const verb_call& call) {
  flag_set flags("Run a further process in a container.", "runtime exec");
  exec_flags f;
  runtime::exec_options options;
  flags.add_option("-p,--process", f.process_file, "A process document, as in config.json");
  flags.add_option("--cwd", f.cwd, "Working directory");
  flags.add_option("-e,--env", f.env, "Set an environment variable");
  flags.add_option("-u,--user", f.user, "UID[:GID]");
  flags.add_option("-g,--additional-gids", f.groups, "A further group");
  flags.add_option("-c,--cap", f.capabilities, "A further capability");
  flags.add_option("--apparmor", f.apparmor, "Not supported yet");
  flags.add_option("--process-label", f.label, "Not supported yet");
  flags.add_option("--cgroup", f.cgroup, "Not supported yet");
  flags.add_option("--pidfd-socket", options.pidfd_socket, "A socket that takes a pidfd of the process");
  flags.add_option("--console-socket", options.console_socket, "A socket that takes the terminal");
  flags.add_option("--pid-file", options.pid_file, "A file that gets the pid");
  flags.add_option("--preserve-fds", f.preserved, "So many descriptors, from 3 on, are its own too")->range(0, 1000);
  flags.add_flag("-t,--tty", f.tty, "Give it a terminal");
  flags.add_flag("-d,--detach", f.detach, "Do not wait for it");
  flags.add_flag("--no-new-privs", f.no_new_privileges, "Set no_new_privs");
  flags.add_flag("--ignore-paused", options.ignore_paused, "Also in a paused container");
  flags.stop_at_first_argument("ID [COMMAND ...]");
  if (!call.parse(flags)) return 0;
  for (const auto& [flag, value] :
       {std::pair{"--apparmor", &f.apparmor}, {"--process-label", &f.label}, {"--cgroup", &f.cgroup}}) {
    if (!value->empty()) throw error(errc::unsupported, "use", flag, "lxr does not do that yet");
  }
  const std::string id = only_id(flags);
  const std::vector<std::string> args(flags.remaining().begin() + 1, flags.remaining().end());
  if (args.empty() && f.process_file.empty())
    throw error(errc::invalid_argument, "exec in", "container " + id, "process args cannot be empty");
  if (!f.process_file.empty()) options.process = read_process(f.process_file);
  block_signals();
  launch::started_process started;
  call.run([&](runtime::context& on) {
    if (f.process_file.empty()) options.process = changed(runtime::process_of(on, id), f, args);
    options.preserved = preserved_descriptors(f.preserved, options.process.env);
    return exec_one(on, id, options, started);
  });
  if (f.detach) {
    started.process.release();
    return 0;
  }
  const int code = attend(started.process.pidfd(), started.terminal.get());
  started.process.release();
  return code;
}

}  // namespace lxr::cli::runtime_verbs
