// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/json_fields.hpp"

namespace lxr {

// A resource limit of the container's processes (getrlimit(2)); UINT64_MAX: no limit.
struct process_limit {
  std::string name;  // "nofile"
  std::uint64_t soft = 0, hard = 0;
};

// What the processes of a container may do.
struct security_options {
  bool privileged = false;                     // everything that root of the host may do
  std::vector<std::string> cap_add, cap_drop;  // "CAP_NET_ADMIN" or "ALL"; what is added wins
  bool no_new_privileges = false;              // prctl(2), PR_SET_NO_NEW_PRIVS
  std::string seccomp;                         // empty: lxr's profile; "unconfined"; else a profile, as JSON
  std::vector<std::string> mask, unmask;       // paths; unmask: "ALL", and patterns of glob(7)
  std::map<std::string, std::string> sysctl;   // of the container's own namespaces
  std::vector<process_limit> ulimits;
};

template <class Format, json::same_struct<process_limit> T>
void describe(Format& f, T& v) {
  f("name", v.name);
  f("soft", v.soft);
  f("hard", v.hard);
}

template <class Format, json::same_struct<security_options> T>
void describe(Format& f, T& v) {
  f("privileged", v.privileged);
  f("capAdd", v.cap_add);
  f("capDrop", v.cap_drop);
  f("noNewPrivileges", v.no_new_privileges);
  f("seccomp", v.seccomp);
  f("mask", v.mask);
  f("unmask", v.unmask);
  f("sysctl", v.sysctl);
  f("ulimits", v.ulimits);
}

}  // namespace lxr
