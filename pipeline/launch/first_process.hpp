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

// The process's ends of its standard streams; without a terminal all three are needed.
struct child_streams {
  unique_fd input, output, errors;
};

// The first process of a container, from clone to exec. It knows the spec, a root, a network and streams; neither
// images nor options.
// Lifecycle:  spawn() → [separated() → link_made()] → hand_over() → [separated() → link_made()] → running().
//   What is in brackets is for a network with a link, in one of the two places: before hand_over() with network_first,
//   where prepared() then says that only the root is missing; else behind it.
//   The destructor kills a process that does not run yet.
// Runs on: the loop's strand.  Borrows: the context.
// Failure: each throws what explain_failure() makes of the child's report, errc::conflict when it was killed,
//   errc::timed_out after a minute. Nothing remains once the object is gone.
// Cancel: terminal.
class first_process {
 public:
  // `name`: of the container, for errors.
  first_process(context& on, std::string name) : on_(on), name_(std::move(name)) {}

  struct options {
    int cgroup = -1;          // cgroup v2: the directory to be born in
    bool own_memory = false;  // a copy of our memory: under a memory limit (child_process::options)
    bool waits_long = false;  // its descriptors move to high numbers (child_process::move_to_high_numbers())
  };
  // `surroundings`: the spec, whose process may lack its command, and all else that concerns only the process.
  // `provided_paths`: where the files go that hand_over() brings.
  void spawn(oci::runtime_spec surroundings, launch_inputs inputs, std::vector<std::string> provided_paths,
             const options& how);

  // Once it is in its namespaces: a link can be made into them.
  task<void> separated();
  void link_made() const { process_.pass(io::child::barrier::link); }
  task<void> prepared();
  // With hooks that come before the root is entered (has_hooks_before_root()), after hand_over(): once they are due,
  // and when they have been run.
  task<void> mounted();
  void hooks_done() const { process_.pass(io::child::barrier::hooks); }

  // `whole`: the spec with its process. `files`: in the order of provided_paths. Takes the descriptors.
  void hand_over(oci::runtime_spec whole, unique_fd root, std::vector<unique_fd> files, child_streams streams,
                 unique_fd listener);
  // Until exec has succeeded, or it waits to be started.
  task<void> running();

  [[nodiscard]] const io::process::child_process& process() const noexcept { return process_; }
  // What its failure was, if it has reported one; for when another step failed because the process was gone.
  [[nodiscard]] std::optional<error> reported_failure();
  // Gives it away: it runs, or waits to be started.
  io::process::child_process take_process() noexcept {
    reports_.reset();  // before its descriptor's number can be another's
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
  io::process::built_plan begun_, whole_;  // the child works on the first until it is lxr-init
  unique_fd root_, terminal_;
  bool separated_ = false, prepared_ = false, mounted_ = false;  // what the child has reported
  io::process::child_process process_;
  std::optional<readiness> reports_;
};

}  // namespace lxr::launch
