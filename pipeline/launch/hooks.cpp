// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/hooks.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/process/child_process.hpp"

namespace lxr::launch {
namespace {

namespace ops = io::child::ops;
using io::child::child_report;
using io::process::child_process;

unique_fd make_memory(const char* name) {
  unique_fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw_errno("create", name);
  return fd;
}

// One execution of a hook, with the memfds that are its standard input and its output.
// Lifecycle: run(), once.
// Runs on: the strand of `executor`.
// Owns: both memfds.
// Borrows: the hook.
// Failure, Cancel: as run_hooks().
class hook_run {
 public:
  hook_run(hook_place place, const oci::hook& hook, const std::string& state)
      : place_(place), hook_(hook), input_(make_memory("hook-state")), output_(make_memory("hook-output")) {
    file::write_all(input_.get(), state, "the state for a hook");
    ::lseek(input_.get(), 0, SEEK_SET);
  }

  task<void> run(context& on) {
    child_process process;
    if (place_.process != nullptr) {
      auto beginning = begin_inside(on);
      process = co_await std::move(beginning);
    } else {
      io::process::built_plan plan = make_plan();
      child_process::options how;
      how.own_memory = true;
      how.forks = place_.pidfd >= 0;
      process = child_process::spawn(plan, how);
      co_await started(on.executor, process);
    }
    readiness end(on.executor, process.pidfd());
    auto ending = end.readable();
    if (hook_.timeout) {
      co_await with_deadline(std::chrono::seconds(*hook_.timeout), std::move(ending), subject(), hook_.path);
    } else {
      co_await std::move(ending);
    }
    const int code = process.wait();
    if (code != 0) fail("it ended with exit status " + std::to_string(code) + said());
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw error(errc::hook_failed, subject(), hook_.path, reason);
  }

 private:
  [[nodiscard]] std::string subject() const { return std::string("run ") + place_.kind + " hook"; }

  [[nodiscard]] std::vector<std::string> arguments() const {
    return hook_.args.empty() ? std::vector{hook_.path} : hook_.args;
  }
  [[nodiscard]] std::vector<std::string> environment() const {
    if (hook_.env) return *hook_.env;
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
    return out;
  }

  // Its program is the container's, so it has no more rights than that.
  task<child_process> begin_inside(context& on) const {
    oci::process_spec process = *place_.process;
    process.terminal = false;
    process.args = arguments();
    process.env = environment();
    further_inputs in = *place_.inputs;
    in.input = input_.get();
    in.output = in.errors = output_.get();
    in.process.program = hook_.path;
    std::string failure;
    try {
      auto starting = start_further_process(on, place_.kind, std::move(process), std::move(in));
      started_process begun = co_await std::move(starting);
      co_return std::move(begun.process);
    } catch (const error& e) {
      failure = e.reason();
    }
    fail(failure);
  }

  [[nodiscard]] io::process::built_plan make_plan() const {
    io::process::plan_builder plan;
    if (place_.pidfd >= 0) {
      plan.add("namespaces", ops::join_namespaces{.of = plan.slot(place_.pidfd), .kinds = place_.namespaces});
      if ((place_.namespaces & CLONE_NEWUSER) != 0) plan.add("user namespace", ops::become_root{});
      plan.add("process", ops::fork_again{});
    }
    const io::child::slot output = plan.slot(output_.get());
    plan.add("stdio", ops::use_streams{plan.slot(input_.get()), output, output});
    ops::exec exec{.candidates = plan.bytes(hook_.path + '\0')};
    exec.argv = plan.list(arguments());
    exec.envp = plan.list(environment());
    exec.directory = plan.text(place_.directory);
    exec.ignored_signals = io::process::ignored_signals();
    plan.add(hook_.path, exec);
    return plan.build();
  }

  // Waits for the end of file after `about_to_exec`: execve(2) has succeeded.
  task<void> started(const asio::any_io_executor& executor, child_process& process) const {
    readiness channel(executor, process.channel());
    bool about_to_exec = false;
    for (;;) {
      co_await channel.readable();
      const auto message = process.receive();
      if (!message && about_to_exec) break;
      if (!message) fail("it died while it was being set up");
      if (message->report.what == child_report::failed)
        fail(std::error_code(message->report.error, std::generic_category()).message());
      if (message->report.what == child_report::forked) process.become(message->report.error);
      if (message->report.what == child_report::about_to_exec) about_to_exec = true;
    }
  }

  // Returns ": " and the last 1024 bytes of its output; "" when there is none.
  [[nodiscard]] std::string said() const {
    constexpr off_t most = 1024;
    const off_t size = ::lseek(output_.get(), 0, SEEK_END);
    std::string text(static_cast<std::size_t>(std::min(std::max<off_t>(size, 0), most)), '\0');
    if (text.empty()) return "";
    const ssize_t got = ::pread(output_.get(), text.data(), text.size(), size - static_cast<off_t>(text.size()));
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    while (text.ends_with('\n')) text.pop_back();
    return text.empty() ? "" : ": " + text;
  }

  hook_place place_;
  const oci::hook& hook_;
  unique_fd input_, output_;
};

}  // namespace

task<void> run_hooks(context& on, hook_place place, std::vector<oci::hook> hooks, std::string state) {
  for (const oci::hook& hook : hooks) {
    hook_run run(place, hook, state);
    auto running = run.run(on);
    co_await std::move(running);
  }
}

bool has_hooks_before_root(const oci::hooks_spec& h) {
  return !(h.prestart.empty() && h.create_runtime.empty() && h.create_container.empty());
}

}  // namespace lxr::launch
