// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/async/task.hpp"
#include "core/async/task_scope.hpp"
#include "core/async/waiter_list.hpp"
#include "pipeline/container/engine.hpp"

namespace lxr::engine {

enum class pull_policy { missing, always, never };

// The image a container is to be made of.
struct image_request {
  std::string reference;  // as typed
  pull_policy pull = pull_policy::missing;
  std::string architecture;  // OCI's word; empty: this machine's
  bool plain_http = false;   // also for registries that are not on loopback
  std::size_t parallel = 0;  // layers downloaded at once; 0: the usual number
};

// An image on its way into the store: found there, or pulled by lxr-image while containers of it are being made.
// Lifecycle: the constructor begins; known() and stored() in any order; finish() once, before it is destroyed.
// Runs on: the loop's strand.  Borrows: the engine.
// Failure: known() and stored() throw lxr::cancelled when the image does not come; finish() throws why.
// Cancel: known() and stored() terminal. finish() with a failure ends the pull; lxr-image is killed.
class image_fetch {
 public:
  struct image_name {
    std::string id;     // hex of the config's digest
    std::string shown;  // its name for people
  };

  image_fetch(container::engine& on, image_request wanted);

  // Waits until its id is known: its config was read and is for the right architecture, its layers may be on their way.
  task<image_name> known();
  // Waits until all of it is in the store.
  task<void> stored();
  [[nodiscard]] bool is_stored() const noexcept { return stored_; }

  // Waits for the end of the pull. `failure`: of what was done with the image meanwhile; the pull is cancelled then.
  // Throws the cause of both: that the image did not come, else `failure`.
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
