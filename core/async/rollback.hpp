#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lxr {

// Undo steps of a creation in progress, run in reverse order of acquisition.
// Lifecycle: add() after each acquisition; commit() on success forgets them; run() on failure undoes and collects
//   what failed. The destructor runs what is left, so that no early exit leaks.
// Steps are plain calls on kernel objects: they do not wait and must be idempotent.
class rollback {
 public:
  rollback() = default;
  ~rollback() { run(); }
  rollback(const rollback&) = delete;
  rollback& operator=(const rollback&) = delete;

  void add(std::string name, std::function<void()> undo) { steps_.push_back({std::move(name), std::move(undo)}); }
  void commit() noexcept { steps_.clear(); }
  // Undoes everything; returns "name: failure" of the steps that failed, joined by "; ".
  std::string run() noexcept;

 private:
  struct step {
    std::string name;
    std::function<void()> undo;
  };
  std::vector<step> steps_;
};

}  // namespace lxr
