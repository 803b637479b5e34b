// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "core/instance/paths.hpp"
#include "core/model/options/security.hpp"
#include "io/seccomp/compile.hpp"
#include "pipeline/launch/process_plan.hpp"

namespace lxr::container {

// The seccomp filters of containers. The default one is part of lxr. Another one is compiled once in a process, and
// once in a boot: the program is kept in state/seccomp/<hash of the profile>, together with the profile.
// Lifecycle: lives as long as the filters that it returned are used.
// Runs on: one thread; the first use of a profile blocks for some milliseconds.
// Borrows: the instance.
// Failure: of() throws lxr::error for a profile that cannot be read or compiled. One that cannot be kept is no failure.
class seccomp_filters {
 public:
  explicit seccomp_filters(const instance& where) : where_(where) {}
  // The filter of the processes of a container with these options; an empty one when they are not confined.
  launch::filter_inputs of(const security_options& options);

 private:
  const io::seccomp::filter& made(const std::string& profile, std::uint64_t capabilities);

  const instance& where_;
  std::map<std::string, io::seccomp::filter> made_;  // key: capabilities and profile
};

}  // namespace lxr::container
