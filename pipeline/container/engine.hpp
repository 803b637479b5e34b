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
#include "pipeline/network/name_service.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::container {

// An image made ready for many starts: its records parsed and its layers open.
struct prepared_image {
  store::image image;
  std::vector<unique_fd> layers;  // lower layers for overlayfs, uppermost first; empty until engine::prepare()
  // Returns the content of a file as it is in a container's root; nullopt when the image has no such file. With several
  // layers the first call mounts an overlay of them, which stays until destruction.
  // Failure: throws errc::corrupt for anything but a regular file, errc::exhausted above 1 MiB.
  [[nodiscard]] std::optional<std::string> read(const std::string& path) const;

 private:
  mutable unique_fd merged_;
};

// What all starts of one lxr process share: the network, and the images that it has prepared.
// Lifecycle: made once per process that starts containers; outlives its starts. The destructor ends the loans of mounts
//   that prepare() has offered to other processes (store/lending.hpp).
// Runs on: the loop's strand.
// Owns: the open layers of prepared images, and the networks' sockets and maps.
// Borrows: the instance and the event sink.
// Failure: throws lxr::error; image_of() and prepare() errc::not_found for an image that is not in the store, prepare()
//   errc::corrupt for a missing layer and errc::unsupported for an image without layers. A later call tries again.
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
  network::name_service names;

  // Returns the identity of this process, which containers record as their monitor.
  const process_identity& self();
  // Returns a network of the instance by its name; opened by the first call for it.
  // Failure: throws errc::not_found.
  network::bridge_network& network(const std::string& name);
  // Returns true when a container of this process has been linked to a network.
  [[nodiscard]] bool has_networks() const noexcept { return !networks_.empty(); }
  // Returns the image's config, without opening its layers.
  const store::image& image_of(const std::string& image_id) { return parsed(image_id).image; }
  // Returns the image with its layers open. The first call borrows their mounts from another lxr process or, if none
  // lends them, opens them, and lends EROFS mounts to others.
  std::shared_ptr<const prepared_image> prepare(const std::string& image_id);
  // Returns true when this process has lent mounts: others may borrow them while it lives.
  [[nodiscard]] bool lends() const noexcept { return !lent_.empty(); }
  // Clears oom_score_adj of `process` if it is the score of this lxr process, which a child inherits anyway.
  void omit_inherited(oci::process_spec& process);

 private:
  prepared_image& parsed(const std::string& image_id);

  std::map<std::string, network::bridge_network> networks_;
  std::map<std::string, std::shared_ptr<prepared_image>> prepared_;
  std::vector<std::string> lent_;
  process_identity self_;
  std::optional<int> own_oom_score_;
};

}  // namespace lxr::container
