// SPDX-License-Identifier: Apache-2.0
#include "io/http/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace lxr::io::http {
namespace {

using handle = std::unique_ptr<CURLU, decltype([](CURLU* u) { curl_url_cleanup(u); })>;

std::string part(const handle& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

handle parsed(const std::string& url) {
  handle u(curl_url());
  if (!u || curl_url_set(u.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  const std::string scheme = lower(part(u, CURLUPART_SCHEME));
  return scheme == "http" || scheme == "https" ? std::move(u) : handle();
}

}  // namespace

std::optional<std::string> resolve(const std::string& base, const std::string& reference) {
  const handle u = parsed(base);
  constexpr unsigned encode = CURLU_URLENCODE | CURLU_ALLOW_SPACE;  // libcurl 8 refuses a space before it encodes it
  if (!u || reference.empty() || curl_url_set(u.get(), CURLUPART_URL, reference.c_str(), encode) != CURLUE_OK)
    return std::nullopt;
  curl_url_set(u.get(), CURLUPART_FRAGMENT, nullptr, 0);
  std::string out = part(u, CURLUPART_URL);
  return parsed(out) ? std::optional(std::move(out)) : std::nullopt;
}

std::string origin_of(const std::string& url) {
  const handle u = parsed(url);
  return u ? lower(part(u, CURLUPART_SCHEME) + "://" + part(u, CURLUPART_HOST)) + ":" +
                 part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT)
           : "";
}

std::string scheme_of(const std::string& url) {
  const handle u = parsed(url);
  return u ? lower(part(u, CURLUPART_SCHEME)) : "";
}

std::string host_of(const std::string& url) {
  const handle u = parsed(url);
  std::string host = u ? lower(part(u, CURLUPART_HOST)) : "";
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

bool is_loopback(const std::string& url) {
  const std::string host = host_of(url);
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (numeric && host.starts_with("127."));
}

}  // namespace lxr::io::http
