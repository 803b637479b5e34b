// SPDX-License-Identifier: Apache-2.0
// Verbs about a container's first process: create, run, start, kill, delete.
#include <csignal>
#include <optional>

#include "cli/attach/relay.hpp"
#include "cli/runtime/attended.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "core/base/signals.hpp"
#include "io/process/child_process.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

// Flags that callers send and that need nothing here: lxr always enters the root by pivot_root(2).
struct create_flags {
  bool no_pivot = false, no_keyring = false, no_subreaper = false;
  std::int64_t preserved = 0;

  void add(flag_set& flags, runtime::create_options& options) {
    flags.add_option("-b,--bundle", options.bundle, "The bundle's directory (.)");
    flags.add_option("--config", options.config, "A file in the place of the bundle's config.json");
    flags.add_option("--console-socket", options.console_socket, "A socket that takes the terminal");
    flags.add_option("--pid-file", options.pid_file, "A file that gets the first process's pid");
    flags.add_option("--pidfd-socket", options.pidfd_socket, "A socket that takes a pidfd of the first process");
    flags.add_option("--preserve-fds", preserved, "So many descriptors, from 3 on, are its own too")->range(0, 1000);
    flags.add_flag("--no-pivot", no_pivot, "Taken, and not needed");
    flags.add_flag("--no-new-keyring", no_keyring, "Keep the caller's session keyring");
    flags.add_flag("--no-subreaper", no_subreaper, "Taken, and not needed");
    flags.stop_at_first_argument("ID");
  }
  void apply(const flag_set& flags, const verb_call& call, runtime::create_options& options) const {
    options.id = only_id(flags);
    options.preserved = preserved_descriptors(preserved, options.further_env);
    options.new_keyring = !no_keyring;
    options.uses_cgroups = call.global.uses_cgroups;
  }
};

task<void> create_one(runtime::context& on, runtime::create_options options) {
  auto creating = runtime::create(on, std::move(options));
  co_await std::move(creating);
}

task<void> create_and_start(runtime::context& on, runtime::create_options options, runtime::created_container& out) {
  const std::string id = options.id;
  auto creating = runtime::create(on, std::move(options));
  out = co_await std::move(creating);
  std::exception_ptr failure;
  try {
    auto starting = runtime::start(on, id);
    co_await std::move(starting);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  try {
    auto removing = runtime::remove(on, id, true);
    co_await std::move(removing);
  } catch (const error&) {
    // The first failure is the one to tell.
  }
  std::rethrow_exception(failure);
}

}  // namespace

int verb_create(const verb_call& call) {
  flag_set flags("Create a container of a bundle; its process waits for start.", "runtime create");
  runtime::create_options options;
  create_flags given;
  given.add(flags, options);
  if (!call.parse(flags)) return 0;
  given.apply(flags, call, options);
  call.run([&](runtime::context& on) { return create_one(on, options); });
  return 0;
}

int verb_start(const verb_call& call) {
  flag_set flags("Start a created container.", "runtime start");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  const std::string id = only_id(flags);
  call.run([&](runtime::context& on) { return runtime::start(on, id); });
  return 0;
}

int verb_run(const verb_call& call) {
  flag_set flags("Create and start a container, wait for its end, and delete it.", "runtime run");
  runtime::create_options options;
  create_flags given;
  bool detach = false, keep = false;
  flags.add_flag("-d,--detach", detach, "Do not wait");
  flags.add_flag("--keep", keep, "Do not delete it after its end");
  given.add(flags, options);
  if (!call.parse(flags)) return 0;
  given.apply(flags, call, options);
  options.keeps_terminal = !detach;
  block_signals();
  runtime::created_container made;
  call.run([&](runtime::context& on) { return create_and_start(on, options, made); });
  if (detach) return 0;
  const unique_fd pidfd = io::process::open_pidfd(made.kept.init.pid);
  const int code = attend(pidfd.get(), made.terminal.get());
  if (!keep) call.run([&](runtime::context& on) { return runtime::remove(on, options.id, true); });
  return code;
}

int verb_kill(const verb_call& call) {
  flag_set flags("Send a signal (TERM) to a container's first process.", "runtime kill");
  bool all = false, regex = false;
  flags.add_flag("-a,--all", all, "To all its processes");
  flags.add_flag("--regex", regex, "Not supported");
  flags.stop_at_first_argument("ID [SIGNAL]");
  if (!call.parse(flags)) return 0;
  if (regex) throw error(errc::unsupported, "use", "--regex", "lxr does not do that yet");
  std::vector<std::string> words = flags.remaining();
  // containerd sends --all behind the id, too.
  all = std::erase(words, "--all") + std::erase(words, "-a") > 0 || all;
  const std::string id = only_id(flags);
  const std::string word = words.size() > 1 ? words[1] : "";
  const int signal = word == "0" ? 0 : parse_signal(word, SIGTERM);  // 0 only asks whether it lives (kill(2))
  call.perform([&](runtime::context& on) { runtime::kill(on, id, signal, all); });
  return 0;
}

int verb_delete(const verb_call& call) {
  flag_set flags("Delete a stopped container.", "runtime delete");
  bool force = false;
  flags.add_flag("-f,--force", force, "Also one that runs; one that does not exist is fine");
  flags.stop_at_first_argument("ID");
  if (!call.parse(flags)) return 0;
  std::vector<std::string> words = flags.remaining();
  force = std::erase(words, "--force") + std::erase(words, "-f") > 0 || force;
  if (words.empty()) static_cast<void>(only_id(flags));
  for (const std::string& id : words) call.run([&](runtime::context& on) { return runtime::remove(on, id, force); });
  return 0;
}

}  // namespace lxr::cli::runtime_verbs
