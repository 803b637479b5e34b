// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/async/task_scope.hpp"
#include "core/async/waiter_list.hpp"
#include "pipeline/container/engine.hpp"

namespace lxr::engine {

enum class pull_policy { missing, always, never };

// The image that a container is made from, and how to get it.
struct image_request {
  std::string reference;  // as the user typed it
  pull_policy pull = pull_policy::missing;
  std::string architecture;  // by its OCI name; empty: this machine's
  bool plain_http = false;   // use http also for a registry that is not on loopback
  std::size_t parallel = 0;  // layers downloaded at the same time; 0: transfer::layers_at_once
};

// Finds an image in the store or has lxr-image pull it, while containers of it are already being made.
// Lifecycle: the constructor begins the search; known() and stored() in any order; finish() once, before the
// destructor. Runs on: the loop's strand.  Borrows: the engine. Failure: known() and stored() throw lxr::cancelled when
// the image does not come; finish() throws why. Cancel: known() and stored() terminal. finish() with a failure ends the
// pull; lxr-image is killed.
class image_fetch {
 public:
  struct image_name {
    std::string id;                    // hex of the config's digest
    std::string shown;                 // the name to show to users
    std::vector<std::string> volumes;  // of its config: paths in a container
  };

  image_fetch(container::engine& on, image_request wanted);

  // Waits until the id of the image is known. Its config has then been read and fits the architecture; its layers may
  // still be in transfer.
  task<image_name> known();
  // Waits until the whole image is in the store.
  task<void> stored();
  [[nodiscard]] bool is_stored() const noexcept { return stored_; }

  // Waits for the end of the pull. `failure` is the failure of the work that used the image, or nullptr; with a failure
  // the pull is cancelled. Throws the failure of the pull; without one, `failure`.
  task<void> finish(std::exception_ptr failure);

 private:
  task<void> fetch();
  task<void> find_or_pull();
  [[nodiscard]] bool find();
  task<void> until(const bool& reached);

  container::engine& on_;
  image_request wanted_;
  image_name name_;
  bool known_ = false, stored_ = false, failed_ = false;
  waiter_list changed_;
  task_scope fetching_;
};

}  // namespace lxr::engine
