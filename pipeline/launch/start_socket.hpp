// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/base/unique_fd.hpp"
#include "io/child/launch_plan.hpp"

// How a created container is started. Its first process waits in lxr-init for a connection to the socket file `start`
// (unix(7), SOCK_SEQPACKET) in the container's state directory; no other process of lxr has to live meanwhile. To
// connect takes write permission for the file, which lxr's umask (022) leaves to lxr's own user.
namespace lxr::launch {

// Makes the socket file `start` in the directory, in the place of an older one. Returns the listening socket.
// Failure: throws lxr::error.
unique_fd listen_for_start(int directory);

// The start of one waiting process.
// Lifecycle: the constructor connects, and the process continues; then finish(), once.
// Runs on: any thread; finish() blocks until execve(2) has succeeded or failed.
// Owns: the connection.
// Failure: the constructor throws lxr::error with the errno of connect(2) when no process waits. finish() throws
//   errc::conflict for a process that was killed or that another version of lxr has made, and lxr::error with EAGAIN
//   when the process sends no report for 60 s.
class starter {
 public:
  // `directory`: descriptor of the directory with the socket file; not kept.
  explicit starter(int directory);
  // Returns nullopt when the program runs, else the report `failed`.
  [[nodiscard]] std::optional<io::child::child_report> finish();

 private:
  unique_fd socket_;
};

}  // namespace lxr::launch
