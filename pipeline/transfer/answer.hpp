// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/error.hpp"

// Decides what follows an answer or a failure of a registry. No other code decides that.
namespace lxr::transfer {

enum class verdict { accept, sign_in, redirect, retry, refuse };
verdict judge(int status);

// Thrown for a registry's refusal.
// Owns: the status and the time to wait, beside the fields of lxr::error.
class refusal : public error {
 public:
  refusal(int status, std::optional<std::chrono::seconds> retry_after, const error& what)
      : error(what), status_(status), retry_after_(retry_after) {}
  [[nodiscard]] int status() const noexcept { return status_; }
  // Returns how long the registry wants no further request (Retry-After).
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

 private:
  int status_;
  std::optional<std::chrono::seconds> retry_after_;
};

// A request that a registry refused, for explain().
struct refused_request {
  std::string image, subject, host;  // `subject`: which part of the image was asked for
  int status;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;  // may hold the registry's messages
};
refusal explain(const refused_request& what);

// Returns the messages in `errors` of the body (distribution-spec, error codes), at most 3 and 500 bytes; "" when the
// body is no such document.
std::string messages_of(const std::string& body);

// Whether and when to send a failed request again.
struct prospect {
  bool transient = false;   // failures of this kind pass
  bool overloaded = false;  // fewer requests at a time may help
  std::optional<std::chrono::seconds> retry_after;
};
// `answered`: the same host has answered before, so its name and port are right.
prospect prospect_of(const std::exception_ptr& failure, bool answered);

}  // namespace lxr::transfer
