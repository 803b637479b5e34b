// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/async/semaphore.hpp"
#include "core/async/task.hpp"
#include "core/oci/reference.hpp"
#include "io/http/client.hpp"
#include "pipeline/transfer/source.hpp"

namespace lxr::transfer {

// One request to a registry.
struct registry_request {
  std::string path;     // below /v2/REPOSITORY
  std::string subject;  // what the request is about, for errors
  std::vector<std::string> headers = {};
  bool head = false;
  std::size_t followed_by = 0;
};

// Talks to one registry about one repository: chooses http or https, gets tokens, follows redirects, waits before
// another attempt.
// Lifecycle: outlives the responses it returns.
// Runs on: the loop's strand.
// Owns: the token.
// Borrows: the HTTP client.
// Failure: throws refusal, transfer_error or error{errc::protocol}; the session stays usable.
// Cancel: terminal; the request is aborted.
class registry_session {
 public:
  registry_session(io::http::client& http, oci::reference name, registry_options options);

  // Sends a request, once, and returns an answer with status 200 or 206. Credentials go only to the registry's own
  // origin.
  task<std::unique_ptr<io::http::response>> ask(registry_request what);
  // Calls `work`, which returns a task, until it succeeds or another attempt is useless; rethrows its last failure
  // then.
  template <class Work>
  auto persist(Work work, retries& attempts) -> decltype(work()) {
    for (;;) {
      std::exception_ptr failure;
      try {
        auto working = work();
        co_return co_await std::move(working);
      } catch (const error&) {
        failure = std::current_exception();
      }
      auto waiting = wait_after(failure, attempts);
      if (!co_await std::move(waiting)) std::rethrow_exception(failure);
    }
  }
  // Decides whether to try again after a failure, and waits until it is time. Returns false: give up.
  task<bool> wait_after(std::exception_ptr failure, retries& attempts);
  // Bounds how many layers are requested at the same time; halved when the registry is overloaded.
  [[nodiscard]] semaphore& layers() noexcept { return layers_; }
  [[nodiscard]] const oci::reference& name() const noexcept { return name_; }
  [[nodiscard]] const patience& limits() const noexcept { return options_.limits; }

 private:
  task<std::unique_ptr<io::http::response>> reach(registry_request what);
  task<std::unique_ptr<io::http::response>> reach_first(registry_request what);
  io::http::request request_for(const std::string& url, const registry_request& what) const;
  [[nodiscard]] std::string url_of(const std::string& path) const;
  std::string redirect_target(const std::string& from, const std::string& location) const;
  task<void> sign_in(std::vector<std::string> challenges, std::string refused);
  task<std::string> fetch_token(std::vector<std::string> challenges);
  task<void> refuse(std::unique_ptr<io::http::response> answer, std::string subject) const;

  io::http::client& http_;
  oci::reference name_;
  registry_options options_;
  std::vector<std::string> schemes_;  // schemes that may be right, the likeliest first; only one once it has answered
  bool answered_ = false;
  std::string token_;
  semaphore signing_in_{1};
  semaphore layers_;
  retries::clock::time_point slowed_{};
};

}  // namespace lxr::transfer
