#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/error.hpp"

// What to do about what a registry answered, or failed to: decided here and nowhere else.
namespace lxr::transfer {

enum class verdict { accept, sign_in, redirect, retry, refuse };
verdict judge(int status);

// A registry's refusal.
class refusal : public error {
 public:
  refusal(int status, std::optional<std::chrono::seconds> retry_after, const error& what) : error(what), status_(status), retry_after_(retry_after) {}
  [[nodiscard]] int status() const noexcept { return status_; }
  // How long the registry wants to be left alone.
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

 private:
  int status_;
  std::optional<std::chrono::seconds> retry_after_;
};

struct refused_request {
  std::string image, subject, host;  // `subject`: what of the image was asked for
  int status;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;  // may hold the registry's own words
};
refusal explain(const refused_request& what);

// The registry's own words: `errors` of the body (distribution-spec, error codes); empty when it is no such document.
std::string messages_of(const std::string& body);

// Whether the same request may succeed a moment later, and what the failure says about that.
struct prospect {
  bool transient = false;   // the failure is of a kind that passes
  bool overloaded = false;  // fewer requests at once may help
  std::optional<std::chrono::seconds> retry_after;
};
// `answered`: the same host has answered before, so that its name and port are right.
prospect prospect_of(const std::exception_ptr& failure, bool answered);

}  // namespace lxr::transfer
