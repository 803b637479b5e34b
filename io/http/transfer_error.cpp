// SPDX-License-Identifier: Apache-2.0
#include "io/http/transfer_error.hpp"

#include <curl/curl.h>

#include "io/http/url.hpp"

namespace lxr::io::http {
namespace {

// Returns true when the error is about the proxy: libcurl's code is the same for a host and for a proxy that does not
// answer, but its message names the one it tried.
bool is_about_proxy(const std::string& url, const std::string& text) {
  constexpr std::string_view failed = "Failed to connect to ";
  if (text.find("CONNECT") != std::string::npos) return true;
  return text.starts_with(failed) &&
         text.substr(failed.size(), text.find(' ', failed.size()) - failed.size()) != host_of(url);
}

trouble kind_of(CURLcode code, const std::string& url, const std::string& text) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return trouble::malformed;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return trouble::proxy;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return is_about_proxy(url, text) ? trouble::proxy : trouble::unreachable;
    case CURLE_SSL_CONNECT_ERROR:
      return trouble::tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return trouble::certificate;
    case CURLE_OPERATION_TIMEDOUT:
      return trouble::timeout;
    default:
      return text.find("CONNECT tunnel") != std::string::npos ? trouble::proxy : trouble::broken;
  }
}

std::string remedy_for(trouble kind) {
  switch (kind) {
    case trouble::unreachable:
      return "is the registry running, and its name right?";
    case trouble::proxy:
      return "http_proxy, https_proxy or all_proxy names a proxy: is it right and running? no_proxy lists hosts to "
             "reach without it";
    case trouble::tls:
      return "a registry without TLS needs --plain-http";
    case trouble::certificate:
      return "SSL_CERT_FILE and SSL_CERT_DIR name certificates to trust";
    case trouble::malformed:
    case trouble::timeout:
    case trouble::broken:
      break;
  }
  return {};
}

}  // namespace

transfer_error to_transfer_error(int code, const std::string& url, const std::string& text) {
  const auto what = static_cast<CURLcode>(code);
  const std::string reason = text.empty() ? curl_easy_strerror(what) : text;
  const trouble kind = kind_of(what, url, text);
  return {kind,
          kind == trouble::timeout     ? errc::timed_out
          : kind == trouble::malformed ? errc::protocol
                                       : errc::unavailable,
          url, reason, remedy_for(kind)};
}

}  // namespace lxr::io::http
