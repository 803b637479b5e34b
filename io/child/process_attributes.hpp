// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "io/child/plan_places.hpp"

namespace lxr::io::child {

// What become_process (launch_plan.hpp) gives a process.

// The steps of become_process, in their order.
enum class process_step : std::uint32_t {
  keyring,
  personality,
  oom_score,
  resource_limits,
  scheduler,
  io_priority,
  working_directory,
  early_seccomp,
  bounding_set,
  ids,
  capabilities,
  no_new_privileges,
  seccomp,
};

struct resource_limit {
  std::uint32_t resource;  // RLIMIT_*
  std::uint32_t reserved = 0;
  std::uint64_t soft, hard;
};

struct process_attributes {
  std::uint32_t uid = 0, gid = 0;
  bytes groups;                                                                            // gid_t each
  std::uint64_t bounding = 0, effective = 0, permitted = 0, inheritable = 0, ambient = 0;  // bit n: capability n
  bytes limits;                                                                            // resource_limit each
  text oom_score;    // for /proc/self/oom_score_adj (proc(5)); none: unchanged
  text keyring;      // name of the session keyring to join or make (keyctl(2)); none: unchanged
  text directory;    // the working directory
  bytes filter;      // of seccomp: struct sock_filter each; none: no filter
  bytes scheduling;  // struct sched_attr (sched_setattr(2)); none: unchanged
  std::uint32_t umask = 022;
  std::uint32_t personality = ~0u;  // personality(2); all bits: unchanged
  std::uint32_t filter_flags = 0;   // SECCOMP_FILTER_FLAG_*
  std::int32_t io_priority = 0;     // ioprio_set(2)
  bool oom_score_required = false;  // false: a score that the kernel refuses is no failure
  bool makes_directory = false;     // true: makes a missing working directory
  bool sets_io_priority = false;
  // True: PR_SET_NO_NEW_PRIVS; the filter is loaded last. False: seccomp(2) needs CAP_SYS_ADMIN, so the filter is
  // loaded before capabilities are given up.
  bool no_new_privileges = false;
};

}  // namespace lxr::io::child
