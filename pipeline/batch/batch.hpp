#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "pipeline/monitor/monitor.hpp"

namespace lxr::batch {

struct request {
  std::size_t count = 1;
  std::string prefix;                // containers are PREFIX-1 to PREFIX-N
  container_config config;           // of each, but for id, name and hostname
  std::size_t parallel = 8;          // starts in progress at once
  bool all_or_nothing = false;       // the first that fails takes the others along
  // Slots: containers made ahead up to what they are to run: cgroup, namespaces, link with its address, mounts. So many
  // are ready before the first one starts; when half of them have, as many again are made. A slot is one container's
  // from its making to its end, never another's. 0: none.
  std::size_t slots = 0;
  // Returns once the image is in the store; it has to be known (config.image_id). None: it is there.
  std::function<task<void>()> image_arrival;
};

struct outcome {
  std::string id, name, failure;  // failure empty: it runs
  std::chrono::nanoseconds latency{};  // from when its turn came; of one from a slot, without the making of that
};

struct summary {
  std::vector<outcome> containers;
  std::chrono::nanoseconds total{};  // from the first start to the last
  std::size_t slots = 0;             // made before that
  std::chrono::nanoseconds filling{};  // in that time
  [[nodiscard]] std::size_t failed() const;
  // Of the starts that succeeded; p in 0..1.
  [[nodiscard]] std::chrono::nanoseconds percentile(double p) const;
};

// Creates and starts `count` containers from one image, at most `parallel` at once; `watcher` takes them over. Slots are
// made while the image comes.
// A container that fails leaves nothing; the others go on, and the summary names it; or, with all_or_nothing, they are removed
// and its failure, with its name, is thrown.
// Cancel: terminal; every container of this batch is killed and removed before it returns.
task<summary> run(container::engine& on, monitor::monitor& watcher, request what);

}  // namespace lxr::batch
