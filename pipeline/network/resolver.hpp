// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"

namespace lxr::network {

// The name under which lxr runs as the resolver of an instance.
inline constexpr const char* resolver_program = "lxr-resolver";
// The descriptors that it gets: a listening SOCK_SEQPACKET socket, and the lock that shows that it runs.
inline constexpr int resolver_listener = 3, resolver_lock = 4;  // io::process::first_given

// The resolver of an instance: one process that answers, on the gateway addresses of its networks, the containers'
// questions for names. It knows what other lxr processes tell it (name_messages.hpp, name_service.hpp) and nothing
// else: it opens no file of the instance. Each container's names end with its first process.
// Lifecycle: runs until it has had no container for one second; then it closes the listener and returns. A table that
//   misses containers is worse than none, because containers ask only here: the process that starts the resolver tells
//   it of all that live, and then that these are all. The resolver ends when that does not come.
// Privileges: it becomes the user "nobody" (65534), cannot gain any privilege (no_new_privs), and reads files only in
//   /etc, /run and where resolv.conf(5) leads. Questions and servers' answers are read only after that.
// Goes on as a child of init (io::process::live_on()). Returns the exit code.
// Failure: throws lxr::error when it cannot begin, also when the descriptors are not as said.
int run_resolver();

}  // namespace lxr::network
