// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace lxr::io::http {

// URLs as libcurl parses them, so that what is compared is what will be requested. No function throws for text that is
// no URL.

// Resolves a reference in an answer from `base` (RFC 3986, section 5): "https://h/x", "//h/x", "/x", "../x". Returns
// nullopt when the result is no http or https URL.
std::optional<std::string> resolve(const std::string& base, const std::string& reference);

// Returns "https://host:port" in lower case, always with the port; "" for what is no http or https URL.
std::string origin_of(const std::string& url);

// Returns "http", "https" or "".
std::string scheme_of(const std::string& url);

// Returns the host in lower case, without the brackets of an IPv6 address.
std::string host_of(const std::string& url);

// Returns true for localhost and for addresses of the loopback interface.
bool is_loopback(const std::string& url);

}  // namespace lxr::io::http
