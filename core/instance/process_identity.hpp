// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "core/base/json.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr {

// Identifies one process for all time: a pid alone is reused, and a pid with a start time can occur again after a
// reboot.
// Source: proc_pid_stat(5) field 22; /proc/sys/kernel/random/boot_id, random(4).
struct process_identity {
  pid_t pid = 0;                 // 0: no process
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::uint64_t boot = 0;        // the first 64 bits of the boot id

  // Returns false once the process has ended, also while it is a zombie.
  [[nodiscard]] bool is_alive() const;
  // Returns a pidfd; empty when the process has ended. Checks the identity after opening, so that a process with the
  // same pid that came later is never opened.
  [[nodiscard]] unique_fd open() const;
  bool operator==(const process_identity&) const = default;
};

// Returns the first 64 bits of this boot's id.
std::uint64_t this_boot();
// Returns the identity of the process that has `pid` now; start_time is 0 when there is none.
process_identity identify(pid_t pid);

json::object to_json(const process_identity& process);
// Reads the member `key` of `o`; pid 0 when it is missing.
process_identity get_process(const json::object& o, std::string_view key);

}  // namespace lxr
