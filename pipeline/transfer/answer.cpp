// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/answer.hpp"

#include "core/base/json.hpp"
#include "io/http/transfer_error.hpp"

namespace lxr::transfer {

verdict judge(int status) {
  switch (status) {
    case 200:
    case 206:
      return verdict::accept;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return verdict::redirect;
    case 401:
      return verdict::sign_in;
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return verdict::retry;
    // 520 to 529: a proxy network in front of the registry.
    default:
      return status >= 520 && status < 530 ? verdict::retry : verdict::refuse;
  }
}

std::string messages_of(const std::string& body) {
  constexpr std::size_t text_limit = 500, messages_limit = 3;
  std::string out;
  quietly([&] {
    const json::object document = json::parse_object(body, "answer");
    const json::array* errors = json::find_array(document, "errors");
    for (std::size_t i = 0; errors != nullptr && i < std::min(errors->size(), messages_limit); ++i) {
      const json::object& e = errors->at(i).as_object();
      std::string text = json::get_string(e, "message", json::get_string(e, "code"));
      if (!text.empty()) out += (out.empty() ? "" : "; ") + std::move(text);
    }
  });
  return out.substr(0, text_limit);
}

refusal explain(const refused_request& r) {
  const std::string own = messages_of(r.body);
  const std::string because = own.empty() ? "" : ": " + own;
  const std::string answered = r.host + " answered " + std::to_string(r.status) + because;
  const auto wait =
      r.retry_after ? "try again in " + std::to_string(r.retry_after->count()) + " seconds" : "try again later";
  const auto make = [&](errc code, std::string reason, std::string remedy = {}) {
    return refusal(r.status, r.retry_after, error(code, "pull", r.image, std::move(reason), std::move(remedy)));
  };
  switch (r.status) {
    case 401:
      return make(errc::unauthorized, r.host + " asks for credentials (401)" + because,
                  "lxr pulls anonymously; is the name right, and the image public?");
    case 403:
      return make(errc::unauthorized, r.host + " denies access (403)" + because,
                  "lxr pulls anonymously; is the image public?");
    case 404:
      return make(errc::not_found, r.subject + ": " + answered, "is the name and the tag right?");
    case 429:
      return make(errc::rate_limited, answered + (own.empty() ? ": too many requests" : ""), wait);
    default:
      break;
  }
  if (r.status >= 500)
    return make(errc::unavailable, r.subject + ": " + answered, "the registry has a problem; " + wait);
  return make(errc::protocol, r.subject + ": " + answered);
}

prospect prospect_of(const std::exception_ptr& failure, bool answered) {
  using io::http::trouble;
  try {
    std::rethrow_exception(failure);
  } catch (const refusal& r) {
    return {judge(r.status()) == verdict::retry, r.status() == 429 || r.status() == 503, r.retry_after()};
  } catch (const io::http::transfer_error& e) {
    switch (e.kind()) {
      case trouble::malformed:
      case trouble::certificate:
        return {};
      case trouble::tls:  // a handshake that was cut off, when the registry has answered before
      case trouble::unreachable:
      case trouble::proxy:
        return {answered, false, {}};
      case trouble::timeout:
        return {true, answered, {}};
      case trouble::broken:
        return {true, false, {}};
    }
    return {};
  } catch (...) {
    return {};
  }
}

}  // namespace lxr::transfer
