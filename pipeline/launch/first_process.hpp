// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/async/readiness.hpp"
#include "core/async/task.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/launch/container_plan.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/launch/failure.hpp"

namespace lxr::launch {

// The descriptors that become 0, 1 and 2 of the process; all three are needed unless it has a terminal.
struct child_streams {
  unique_fd input, output, errors;
};

// The first process of a container, from clone3(2) to execve(2). It works with a spec, a root, a network and streams,
// and knows neither images nor the options of users.
// Lifecycle: the calls in this order:
//   1. spawn()
//   2. with network_first: separated(), link_made() (both only with waits_for_link), then prepared()
//   3. hand_over()
//   4. with hooks before the root (has_hooks_before_root()): mounted(), hooks_done()
//   5. with waits_for_link and without network_first: separated(), link_made()
//   6. running(), then take_process() and take_terminal()
//   The destructor kills and reaps a process that was not taken.
// Runs on: the loop's strand. spawn(), hand_over() and the destructor block for some system calls.
// Owns: the process, its launch plans, and the descriptors that hand_over() gets.
// Borrows: the context; until hand_over() returns what launch_inputs borrows.
// Failure: every call throws lxr::error. The tasks throw what explain_failure() makes of the child's report,
//   errc::conflict when the child was killed, errc::timed_out after 60 s each. The process stays until the destructor.
// Cancel: terminal; the process stays until the destructor.
class first_process {
 public:
  // `name` names the container in errors.
  first_process(context& on, std::string name) : on_(on), name_(std::move(name)) {}

  struct options {
    int cgroup = -1;          // cgroup v2: descriptor of the group's directory, for CLONE_INTO_CGROUP; -1: none
    bool own_memory = false;  // true: the child gets a copy of our memory (child_process::options)
    bool waits_long = false;  // true: its descriptors get high numbers (child_process::move_to_high_numbers())
  };
  // Makes the process, which begins with its namespaces and filesystems. `surroundings` is the spec; its process needs
  // only terminal and console_size. hand_over() mounts its files at `provided_paths` below the root.
  void spawn(oci::runtime_spec surroundings, launch_inputs inputs, std::vector<std::string> provided_paths,
             const options& how);

  // Returns once the child is in its namespaces: the caller makes the veth in the network namespace, then calls
  // link_made().
  task<void> separated();
  void link_made() const { process_.pass(io::child::barrier::link); }
  // Returns once the child has done all that needs no root, its network included.
  task<void> prepared();
  // Returns once the mounts are attached below the root. The caller runs the hooks, then calls hooks_done().
  task<void> mounted();
  void hooks_done() const { process_.pass(io::child::barrier::hooks); }

  // Gives the child its root and all other descriptors. `whole` is the spec of spawn() with the complete process.
  // `root` and `files` are detached mounts, `files` in the order of provided_paths. `listener` is that of
  // listen_for_start(); empty without waits_for_start.
  void hand_over(oci::runtime_spec whole, unique_fd root, std::vector<unique_fd> files, child_streams streams,
                 unique_fd listener);
  // Returns once execve(2) has succeeded or, with waits_for_start, lxr-init waits for its start.
  task<void> running();

  [[nodiscard]] const io::process::child_process& process() const noexcept { return process_; }
  // Returns the user namespace that spawn() made, -1 when it made none.
  [[nodiscard]] int user_namespace() const noexcept { return users_.get(); }
  // Returns the failure that the child has reported; nullopt when it has not. For a caller whose own step failed,
  // perhaps because the child had ended.
  [[nodiscard]] std::optional<error> reported_failure();
  // Returns the process, whose destructor still kills it until release().
  io::process::child_process take_process() noexcept {
    reports_.reset();  // it watches the channel, which the new owner may close
    return std::move(process_);
  }
  unique_fd take_terminal() noexcept { return std::move(terminal_); }

 private:
  task<io::process::child_process::message> next_report();
  task<void> until(bool& reported);
  task<void> follow();
  [[nodiscard]] const io::process::built_plan& plan() const { return whole_.block.empty() ? begun_ : whole_; }
  [[nodiscard]] error explain(const io::child::child_report& report) const {
    return explain_failure(plan(), report, spec_.process.value(), root_.get());
  }

  context& on_;
  std::string name_;
  oci::runtime_spec spec_;
  launch_inputs inputs_;
  std::vector<std::string> provided_paths_;
  io::process::built_plan begun_, whole_;  // the child works on begun_, lxr-init on a copy of whole_
  unique_fd root_, terminal_, users_;
  bool separated_ = false, prepared_ = false, mounted_ = false;  // what the child has reported
  io::process::child_process process_;
  std::optional<readiness> reports_;
};

}  // namespace lxr::launch
