#pragma once

#include <sys/types.h>

#include <cstdint>

#include "core/base/json.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr {

// One process of this host for all time: a pid alone is reused, and pid with start time can recur after a reboot.
// Source: proc_pid_stat(5) field 22; /proc/sys/kernel/random/boot_id, random(4).
struct process_identity {
  pid_t pid = 0;                 // 0: no process
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::uint64_t boot = 0;        // the first 64 bits of the boot id

  // False once the process has ended, also while it is a zombie.
  [[nodiscard]] bool is_alive() const;
  // A pidfd of it; empty when it has ended. The identity is checked after opening, so that no successor is opened.
  [[nodiscard]] unique_fd open() const;
  bool operator==(const process_identity&) const = default;
};

// The first 64 bits of this boot's id.
std::uint64_t this_boot();
// The identity of a process of now; start_time 0 when there is none with that pid.
process_identity identify(pid_t pid);

json::object to_json(const process_identity& process);
// The member `key` of `o`; no process when it is missing.
process_identity get_process(const json::object& o, std::string_view key);

}  // namespace lxr
