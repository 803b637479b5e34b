// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json_fields.hpp"

namespace lxr {

// The process of a container, as far as a user said something about it over what its image says.
struct process_options {
  std::optional<std::vector<std::string>> entrypoint;  // replaces the image's, and with it the image's command
  std::vector<std::string> command;                    // replaces the image's command when not empty
  std::vector<std::string> env;                        // KEY=value, over the image's
  std::vector<std::string> env_below;                  // KEY=value, under the image's: the caller's
  std::vector<std::string> unset_env;                  // names taken out of the image's
  bool unset_all_env = false;                          // all of them
  std::vector<std::string> groups;                     // further groups, by name or number
  std::string user, working_dir;                       // empty: the image's
  bool tty = false, open_stdin = false;
  bool under_init = false;             // lxr-init is its parent, and the first process
  int oom_score_adj = 0;               // proc_pid_oom_score_adj(5)
  std::optional<std::uint32_t> umask;  // umask(2); none: 022
};

template <class Format, json::same_struct<process_options> T>
void describe(Format& f, T& v) {
  f("entrypoint", v.entrypoint);
  f("command", v.command);
  f("env", v.env);
  f("envBelow", v.env_below);
  f("unsetEnv", v.unset_env);
  f("unsetAllEnv", v.unset_all_env);
  f("groups", v.groups);
  f("user", v.user);
  f("workingDir", v.working_dir);
  f("tty", v.tty);
  f("openStdin", v.open_stdin);
  f("init", v.under_init);
  f("oomScoreAdj", v.oom_score_adj);
  f("umask", v.umask);
}

}  // namespace lxr
