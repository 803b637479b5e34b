// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "pipeline/monitor/monitor.hpp"

namespace lxr::batch {

// What run() is to start.
struct request {
  std::size_t count = 1;
  std::string prefix;           // names are PREFIX-1 to PREFIX-N
  container_config config;      // of each container, without id, name and hostname
  std::size_t parallel = 8;     // starts in progress at the same time
  bool all_or_nothing = false;  // the first failure removes all the others
  // A slot is a container that was made up to the point where it needs the image: cgroup, namespaces, link with
  // address, mounts. `slots` of them are made before the first container starts; whenever half of them have started, as
  // many are made anew. A slot becomes one container and is never used again. 0: no slots.
  std::size_t slots = 0;
  // Waits until the image is in the store; config.image_id must be known. Empty: the image is in the store already.
  std::function<task<void>()> image_arrival;
};

// The result for one container.
struct outcome {
  std::string id, name, failure;       // `failure` empty: it runs
  std::chrono::nanoseconds latency{};  // from its permit to start until it runs; the time to make its slot is not in it
};

// The result of a batch.
struct summary {
  std::vector<outcome> containers;
  std::chrono::nanoseconds total{};    // from the first start to the last
  std::size_t slots = 0;               // how many were complete before the first start
  std::chrono::nanoseconds filling{};  // time in which these were made
  [[nodiscard]] std::size_t failed() const;
  // Returns the latency that the fraction `p` (0 to 1) of the successful starts did not exceed.
  [[nodiscard]] std::chrono::nanoseconds percentile(double p) const;
};

// Creates and starts `count` containers from one image, at most `parallel` at the same time; `watcher` supervises them.
// Slots are made while the image is being pulled.
// Runs on: the loop's strand.
// Borrows: the engine and the monitor.
// Failure: a container that fails leaves nothing, and the summary names it. With all_or_nothing all containers are
//   removed, and its failure is thrown with its name.
// Cancel: terminal; kills and removes every container of this batch before it returns.
task<summary> run(container::engine& on, monitor::monitor& watcher, request what);

}  // namespace lxr::batch
