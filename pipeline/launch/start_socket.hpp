// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/base/unique_fd.hpp"
#include "io/child/launch_plan.hpp"

// How a created container is started: its first process waits in lxr-init on a socket, `start` in a directory that only
// whoever may start it can reach. It needs no other process of lxr for that.
namespace lxr::launch {

// The socket to wait on, in a new file of the directory.
unique_fd listen_for_start(int directory);

// Whoever starts a waiting process, from the moment on at which it goes on.
// Lifecycle: the constructor connects, finish() once.
// Runs on: any thread; finish() blocks until exec has succeeded or failed, at most 60 s.
// Failure: the constructor throws lxr::error with the errno of connect(2): nobody waits there (any more). finish()
//   throws errc::conflict for a process that was killed, or that another version of lxr has made.
class starter {
 public:
  explicit starter(int directory);
  // The report of a program that cannot be executed; none: it runs.
  [[nodiscard]] std::optional<io::child::child_report> finish();

 private:
  unique_fd socket_;
};

}  // namespace lxr::launch
