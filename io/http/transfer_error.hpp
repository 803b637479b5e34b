#pragma once

#include <string>

#include "core/base/error.hpp"

namespace lxr::io::http {

// What kept an exchange from being completed.
enum class trouble {
  malformed,    // the URL is none
  unreachable,  // its host has no address, or nobody listens there
  proxy,        // the proxy that the environment names does not do its part
  tls,          // the peer does not speak TLS
  certificate,  // it does, and is not who it should be
  timeout,      // nothing came for too long
  broken        // the connection ended, or brought something else than HTTP, before all was there
};

class transfer_error : public error {
 public:
  transfer_error(trouble kind, errc code, const std::string& url, std::string reason, std::string remedy)
      : error(code, "get", url, std::move(reason), std::move(remedy)), kind_(kind) {}
  [[nodiscard]] trouble kind() const noexcept { return kind_; }

 private:
  trouble kind_;
};

// The failure that libcurl's code means; `text`: what libcurl says of it, may be empty.
transfer_error to_transfer_error(int code, const std::string& url, const std::string& text);

}  // namespace lxr::io::http
