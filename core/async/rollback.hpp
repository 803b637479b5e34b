// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lxr {

// A stack of undo steps for a creation in progress; they run in reverse order of acquisition.
// Lifecycle: add() after each acquisition, then either commit() on success, which forgets the steps, or run() on
//   failure, which runs them. The destructor runs the steps that are left, so no early exit leaks.
// Runs on: one thread. A step is a plain call on a kernel object: it does not wait and must be idempotent.
// Failure: a step that throws does not keep the others from running; run() returns what failed.
class rollback {
 public:
  rollback() = default;
  ~rollback() { run(); }
  rollback(const rollback&) = delete;
  rollback& operator=(const rollback&) = delete;

  void add(std::string name, std::function<void()> undo) { steps_.push_back({std::move(name), std::move(undo)}); }
  void commit() noexcept { steps_.clear(); }
  // Runs and drops all steps, the newest first. Returns "name: failure" of those that failed, joined by "; ".
  std::string run() noexcept;

 private:
  struct step {
    std::string name;
    std::function<void()> undo;
  };
  std::vector<step> steps_;
};

}  // namespace lxr
