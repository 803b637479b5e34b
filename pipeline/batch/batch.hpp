#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "pipeline/container/monitor.hpp"

namespace lxr::batch {

struct request {
  std::size_t count = 1;
  std::string prefix;                // containers are PREFIX-1 to PREFIX-N
  container_config config;           // of each, but for id, name and hostname
  std::size_t parallel = 8;          // starts in progress at once
};

struct outcome {
  std::string id, name, failure;  // failure empty: it runs
  std::chrono::nanoseconds latency{};
};

struct summary {
  std::vector<outcome> containers;
  std::chrono::nanoseconds total{};
  [[nodiscard]] std::size_t failed() const;
  // Of the starts that succeeded; p in 0..1.
  [[nodiscard]] std::chrono::nanoseconds percentile(double p) const;
};

// Creates and starts `count` containers from one image, at most `parallel` at once; `watcher` takes them over.
// A container that fails leaves nothing; the others go on, and the summary names it.
// Cancel: terminal; every container of this batch is killed and removed before it returns.
task<summary> run(container::engine& on, container::monitor& watcher, request what);

}  // namespace lxr::batch
