// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "cli/runtime/log.hpp"
#include "core/async/task.hpp"
#include "pipeline/runtime/runtime.hpp"

// The command line of an OCI runtime, as runc and crun have it: `lxr runtime VERB`, or `VERB` of a program called
// lxr-runtime, runc or crun. Its callers are podman, containerd and docker.
namespace lxr::cli::runtime_verbs {

inline constexpr int failed = 1, exec_failed = 255;  // runc's exit codes

// What the flags before the verb say.
struct globals {
  std::string root;
  bool uses_cgroups = true;
};

// One verb's words, and what they are about.
struct verb_call {
  const globals& global;
  std::vector<std::string> words;

  // Run `work`: on a loop, or what waits for nothing.
  void run(const std::function<task<void>(runtime::context&)>& work) const;
  void perform(const std::function<void(runtime::context&)>& work) const;
  // Parses; false when --help was all that was asked for.
  bool parse(flag_set& flags) const;
};

using verb_function = int (*)(const verb_call&);
struct verb {
  const char* name;
  verb_function run;
  int failure;  // the exit code of an error
};

int verb_create(const verb_call& call);
int verb_run(const verb_call& call);
int verb_start(const verb_call& call);
int verb_kill(const verb_call& call);
int verb_delete(const verb_call& call);
int verb_exec(const verb_call& call);
int verb_state(const verb_call& call);
int verb_list(const verb_call& call);
int verb_ps(const verb_call& call);
int verb_events(const verb_call& call);
int verb_pause(const verb_call& call);
int verb_resume(const verb_call& call);
int verb_update(const verb_call& call);
int verb_features(const verb_call& call);
int verb_spec(const verb_call& call);

// Returns how many descriptors from 3 on a container's process gets: those of --preserve-fds, and behind them those
// that a service manager hands to this process (sd_listen_fds(3)); adds the variables that tell its process of these.
// Failure: throws errc::invalid_argument when one of them is not open.
int preserved_descriptors(std::int64_t asked, std::vector<std::string>& environment);
// The one argument that must be there: a container's id.
[[nodiscard]] const std::string& only_id(const flag_set& flags);

// All of it; `program` is how it was called. Returns the exit code.
int run_program(const std::string& program, std::vector<std::string> words);

}  // namespace lxr::cli::runtime_verbs
