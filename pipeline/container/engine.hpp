// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/instance/paths.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/cgroup/layout.hpp"
#include "pipeline/container/seccomp_filters.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::container {

// An image made ready for many starts: parsed once, its layers open (mounted here, or borrowed).
struct prepared_image {
  store::image image;
  std::vector<unique_fd> layers;  // uppermost first; empty until prepare()
  // One of the image's files as a container's root shows it; empty when it has none. Several layers are mounted over
  // each other for that, once. Throws errc::corrupt for what is not a regular file, and does not open that.
  [[nodiscard]] std::optional<std::string> read(const std::string& path) const;

 private:
  mutable unique_fd merged_;
};

// What all starts of one lxr process share. Lifecycle: made once per process that starts containers, outlives them.
// Runs on: the loop's strand.  Borrows: instance and event sink.
class engine {
 public:
  engine(const instance& where, asio::any_io_executor executor, event_sink& events);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  const instance& where;
  const asio::any_io_executor executor;
  event_sink& events;
  launch::context launching;
  const store::image_store images;
  const io::cgroup::layout cgroups;
  seccomp_filters filters;

  // This process, the monitor of what it starts.
  const process_identity& self();
  network::bridge_network& network();
  // An image of the store, parsed once. Throws when it is not there.
  const store::image& image_of(const std::string& image_id) { return parsed(image_id).image; }
  std::shared_ptr<const prepared_image> prepare(const std::string& image_id);
  // Whether other processes may be using what this one has mounted (store/lending.hpp).
  [[nodiscard]] bool lends() const noexcept { return !lent_.empty(); }
  // Takes away of a process what it inherits from us as it should be: the OOM score.
  void omit_inherited(oci::process_spec& process);

 private:
  prepared_image& parsed(const std::string& image_id);

  std::optional<network::bridge_network> network_;
  std::map<std::string, std::shared_ptr<prepared_image>> prepared_;
  std::vector<std::string> lent_;
  process_identity self_;
  std::optional<int> own_oom_score_;
};

}  // namespace lxr::container
