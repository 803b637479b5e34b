// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/first_process.hpp"

#include <fcntl.h>
#include <linux/sched.h>

#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/launch/program_copy.hpp"

namespace lxr::launch {
namespace {

using io::child::child_report;
using io::process::child_process;

constexpr auto deadline = std::chrono::seconds(60);
constexpr const char* operation = "start container";

}  // namespace

void first_process::spawn(oci::runtime_spec surroundings, launch_inputs inputs, std::vector<std::string> provided_paths,
                          const options& how) {
  const stage_span span(on_.events, "clone", name_);
  spec_ = std::move(surroundings);
  inputs_ = std::move(inputs);
  provided_paths_ = std::move(provided_paths);
  begun_ = make_container_plan(spec_, inputs_, provided_paths_);
  const bool has_user = spec_.linux_part.has(oci::namespace_kind::user);
  for (const joined_namespace& j : inputs_.joined) {
    if (j.kind == oci::namespace_kind::user) map_binds(inputs_.binds, j.file.get());
  }
  child_process::options made;
  made.namespaces = namespaces_by_birth(spec_.linux_part);
  made.cgroup = how.cgroup;
  // A process in another user namespace must not be able to write to our memory. And setns(2) into a time namespace
  // fails with EUSERS while another process shares the caller's memory.
  made.own_memory = how.own_memory || has_user || spec_.linux_part.has(oci::namespace_kind::time);
  made.forks = forks_into_pid_namespace(spec_.linux_part);
  process_ = child_process::spawn(begun_, made);
  if (has_new(spec_.linux_part, oci::namespace_kind::user)) {
    write_id_maps(process_.pid(), spec_.linux_part);
    users_ = file::open_at(AT_FDCWD, namespace_path(process_.pid(), oci::namespace_kind::user), O_RDONLY);
    map_binds(inputs_.binds, users_.get());
    process_.pass(io::child::barrier::ids);
  }
  if (how.waits_long) process_.move_to_high_numbers();
  reports_.emplace(on_.executor, process_.channel());
}

task<void> first_process::until(bool& reported) {
  while (!reported) co_await next_report();
}

task<void> first_process::separated() {
  auto separating = until(separated_);
  co_await with_deadline(deadline, std::move(separating), operation, name_);
}

task<void> first_process::prepared() {
  auto preparing = until(prepared_);
  co_await with_deadline(deadline, std::move(preparing), operation, name_);
}

task<void> first_process::mounted() {
  auto mounting = until(mounted_);
  co_await with_deadline(deadline, std::move(mounting), operation, name_);
}

void first_process::hand_over(oci::runtime_spec whole, unique_fd root, std::vector<unique_fd> files,
                              child_streams streams, unique_fd listener) {
  spec_ = std::move(whole);
  root_ = std::move(root);
  whole_ = make_container_plan(spec_, inputs_, provided_paths_);
  const unique_fd memory = make_plan_memory();
  file::write_all(memory.get(), whole_.bytes(), "launch plan");
  root_descriptors all{.root = root_.get(),
                       .init = on_.init_program(),
                       .plan_memory = memory.get(),
                       .listener = listener.get(),
                       .input = streams.input.get(),
                       .output = streams.output.get(),
                       .errors = streams.errors.get()};
  for (const unique_fd& f : files) all.files.push_back(f.get());
  process_.pass(io::child::barrier::root, all.in_order());
}

task<child_process::message> first_process::next_report() {
  if (process_.has_silent_end()) {
    readiness end(on_.executor, process_.pidfd());
    co_await readiness::either_readable(*reports_, end);
  } else {
    co_await reports_->readable();
  }
  auto message = process_.receive(false);
  if (!message) {
    throw error(errc::conflict, operation, name_, "its first process was killed while it was being set up",
                spec_.linux_part.resources.memory ? "its memory limit may be too low for any process" : "");
  }
  const child_report& report = message->report;
  if (report.what == child_report::failed) throw explain(report);
  if (report.what == child_report::separated) separated_ = true;
  if (report.what == child_report::prepared) prepared_ = true;
  if (report.what == child_report::mounted) mounted_ = true;
  if (report.what == child_report::forked) process_.become(report.error);
  co_return std::move(*message);
}

task<void> first_process::running() {
  const stage_span span(on_.events, "exec", name_);
  auto following = follow();
  co_await with_deadline(deadline, std::move(following), operation, name_);
}

// Reads reports until lxr-init is `waiting`, or until end of file after `about_to_exec`: execve(2) has succeeded.
task<void> first_process::follow() {
  for (;;) {
    child_process::message message = co_await next_report();
    if (message.report.what == child_report::terminal) {
      terminal_ = std::move(message.descriptor);
      ::fcntl(terminal_.get(), F_SETFL, O_RDWR | O_NONBLOCK);  // no other process uses it
    }
    if (message.report.what == child_report::waiting) co_return;
    if (message.report.what == child_report::about_to_exec) break;
  }
  co_await reports_->readable();
  if (const auto last = process_.receive()) throw explain(last->report);
  reports_.reset();
  process_.close_channel();
}

std::optional<error> first_process::reported_failure() {
  const auto message = process_.receive(false);
  if (!message || message->report.what != child_report::failed) return std::nullopt;
  return explain(message->report);
}

}  // namespace lxr::launch
