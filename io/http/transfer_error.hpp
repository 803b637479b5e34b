// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace lxr::io::http {

// Why an exchange was not completed.
enum class trouble {
  malformed,    // the URL cannot be parsed
  unreachable,  // the host has no address, or refuses the connection
  proxy,        // the proxy that the environment names cannot be used
  tls,          // the peer does not speak TLS
  certificate,  // the peer speaks TLS, but its certificate is not trusted
  timeout,      // no byte came for too long
  broken        // the connection ended too early, or carried something else than HTTP
};

// An exchange that was not completed. Owns: the kind of trouble, beside the fields of lxr::error.
class transfer_error : public error {
 public:
  transfer_error(trouble kind, errc code, const std::string& url, std::string reason, std::string remedy)
      : error(code, "get", url, std::move(reason), std::move(remedy)), kind_(kind) {}
  [[nodiscard]] trouble kind() const noexcept { return kind_; }

 private:
  trouble kind_;
};

// Converts a CURLcode; `text` is libcurl's message about it and may be empty.
transfer_error to_transfer_error(int code, const std::string& url, const std::string& text);

}  // namespace lxr::io::http
