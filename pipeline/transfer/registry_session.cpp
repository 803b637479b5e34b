// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/registry_session.hpp"

#include <algorithm>

#include "core/async/pause.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "io/http/url.hpp"
#include "pipeline/transfer/answer.hpp"
#include "pipeline/transfer/challenge.hpp"

namespace lxr::transfer {
namespace {

using io::http::origin_of;
using io::http::request;
using io::http::response;
using io::http::transfer_error;
using io::http::trouble;

bool has_port(const std::string& host) {
  return host.find(':', host.starts_with('[') ? host.find(']') : 0) != std::string::npos;
}

// Returns the URL schemes to try, in order. A loopback registry may use either:
// - With a port, http is first: the port speaks one of the two, and a TLS server answers a plain request with an error
//   in the same round trip that would bring a plain answer. The other order would cost every plain registry two round
//   trips.
// - Without a port they are two servers, and https is first.
std::vector<std::string> schemes_for(const oci::reference& name, bool plain_http) {
  if (plain_http) return {"http"};
  if (!name.is_loopback()) return {"https"};
  return has_port(name.host) ? std::vector<std::string>{"http", "https"} : std::vector<std::string>{"https", "http"};
}

std::string reason_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.reason();
  }
}

}  // namespace

registry_session::registry_session(io::http::client& http, oci::reference name, registry_options options)
    : http_(http),
      name_(std::move(name)),
      options_(std::move(options)),
      schemes_(schemes_for(name_, options_.plain_http)),
      layers_(options_.parallel) {}

task<bool> registry_session::wait_after(std::exception_ptr failure, retries& attempts) {
  const prospect p = prospect_of(failure, answered_);
  const auto now = retries::clock::now();
  const auto delay = p.transient ? attempts.next(p.retry_after, now) : std::nullopt;
  if (!delay) co_return false;
  if (p.overloaded && now >= slowed_) {  // requests that fail at about the same time count once
    layers_.halve();
    slowed_ = now + *delay;
  }
  if (*delay >= std::chrono::seconds(1) && options_.notice) {
    options_.notice(name_.host + ": " + reason_of(failure) + "; trying again in " +
                    std::to_string((delay->count() + 999) / 1000) + " s");
  }
  co_await pause(*delay);
  co_return true;
}

task<std::unique_ptr<response>> registry_session::ask(registry_request what) {
  constexpr int redirects = 5;
  std::string with = token_;
  auto reaching = schemes_.size() > 1 ? reach_first(what) : reach(what);
  std::unique_ptr<response> answer = co_await std::move(reaching);
  bool asked = false;
  for (int hop = 0; hop <= redirects;) {
    answered_ = true;
    std::string url = answer->url();
    const verdict v = judge(answer->status());
    const bool may_sign_in = v == verdict::sign_in && !asked && origin_of(url) == origin_of(url_of(what.path));
    if (v == verdict::accept) co_return answer;
    if (v == verdict::redirect) {
      url = redirect_target(url, answer->header("location"));
      ++hop;
    } else if (may_sign_in) {
      asked = true;
      auto signing_in = sign_in(answer->headers("www-authenticate"), with);
      answer.reset();
      co_await std::move(signing_in);
    } else {
      auto refusing = refuse(std::move(answer), what.subject);
      co_await std::move(refusing);
    }
    answer.reset();
    with = token_;
    auto getting = http_.perform(request_for(url, what));
    answer = co_await std::move(getting);
  }
  throw error(errc::protocol, "pull", what.subject, "the registry redirects more than 5 times");
}

task<std::unique_ptr<response>> registry_session::reach(registry_request what) {
  auto getting = http_.perform(request_for(url_of(what.path), what));
  co_return co_await std::move(getting);
}

// Sends the first request, which finds out the scheme.
task<std::unique_ptr<response>> registry_session::reach_first(registry_request what) {
  const std::vector<std::string> candidates = schemes_;
  std::unique_ptr<response> doubtful;
  std::exception_ptr failure;
  for (const std::string& scheme : candidates) {
    schemes_ = {scheme};
    try {
      auto reaching = reach(what);
      doubtful = co_await std::move(reaching);
      // 400: what a TLS server answers to a plain request.
      if (scheme == "https" || doubtful->status() != 400) co_return doubtful;
      break;
    } catch (const transfer_error& e) {
      if (!failure) failure = std::current_exception();
      if (e.kind() == trouble::timeout || (e.kind() == trouble::unreachable && has_port(name_.host))) break;
    }
  }
  if (doubtful) {
    schemes_ = {"https"};
    try {
      auto reaching = reach(what);
      co_return co_await std::move(reaching);
    } catch (const transfer_error&) {
      schemes_ = {"http"};
    }
    co_return doubtful;
  }
  schemes_ = candidates;
  std::rethrow_exception(failure);
}

std::string registry_session::url_of(const std::string& path) const {
  const std::string host = name_.host == "docker.io" ? "registry-1.docker.io" : name_.host;
  return schemes_.front() + "://" + host + "/v2/" + name_.repository + path;
}

request registry_session::request_for(const std::string& url, const registry_request& what) const {
  request r{.url = url, .headers = what.headers, .head = what.head, .followed_by = what.followed_by};
  const bool at_home = origin_of(url) == origin_of(url_of(what.path));
  if (!token_.empty() && at_home) r.headers.push_back("Authorization: Bearer " + token_);
  r.trust_anyone = at_home && name_.is_loopback();  // a loopback registry may also be used without TLS
  return r;
}

std::string registry_session::redirect_target(const std::string& from, const std::string& location) const {
  auto target = io::http::resolve(from, location);
  if (!target) throw error(errc::protocol, "follow redirect of", from, "to \"" + location + '"');
  if (io::http::scheme_of(from) == "https" && io::http::scheme_of(*target) == "http") {
    throw error(errc::protocol, "follow redirect of", from, "it leads from https to http, to " + origin_of(*target));
  }
  return std::move(*target);
}

// Gets a token. `refused` is the token that the registry did not accept: when several requests need a new one, the
// first one gets it and the others return.
task<void> registry_session::sign_in(std::vector<std::string> challenges, std::string refused) {
  const auto permit = co_await signing_in_.acquire();
  if (token_ != refused) co_return;
  auto fetching = fetch_token(std::move(challenges));
  token_ = co_await std::move(fetching);
}

task<std::string> registry_session::fetch_token(std::vector<std::string> challenges) {
  const auto challenge = find_bearer(challenges);
  if (!challenge) throw explain({name_.familiar(), "token", name_.host, 401, {}, {}});
  const std::string scheme = io::http::scheme_of(challenge->realm);
  if (scheme != "https" && !(schemes_.front() == "http" && scheme == "http")) {
    throw error(errc::protocol, "get a token from", challenge->realm, "it is not an https URL");
  }
  const std::string url = token_url(*challenge, "repository:" + name_.repository + ":pull");
  request r{.url = url};
  r.trust_anyone = name_.is_loopback() && io::http::is_loopback(url);
  auto getting = http_.perform(std::move(r));
  std::unique_ptr<response> answer = co_await std::move(getting);
  if (answer->status() != 200) {
    auto refusing = refuse(std::move(answer), "token");
    co_await std::move(refusing);
  }
  // NOLINTNEXTLINE(bugprone-use-after-move): refuse() throws
  const std::string text = co_await answer->read_all(1u << 20);
  const std::string document = "token answer of " + challenge->realm;
  const std::string token = json::reading(document, [&] {
    const json::object o = json::parse_object(text, document);
    return json::get_string(o, "token", json::get_string(o, "access_token"));
  });
  if (token.empty() || std::ranges::any_of(token, [](unsigned char c) { return c <= ' ' || c == 127; })) {
    throw error(errc::protocol, "get a token from", challenge->realm, "the answer holds none");
  }
  co_return token;
}

// Throws the refusal with the registry's messages from the body; without them when the body cannot be read.
task<void> registry_session::refuse(std::unique_ptr<response> answer, std::string subject) const {
  constexpr std::size_t body_limit = 64u << 10;
  std::string body;
  try {
    auto reading = answer->read_all(body_limit);
    body = co_await std::move(reading);
  } catch (const error&) {
    // The status is enough.
  }
  throw explain(
      {name_.familiar(), std::move(subject), name_.host, answer->status(), answer->retry_after(), std::move(body)});
}

}  // namespace lxr::transfer
