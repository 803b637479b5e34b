#pragma once

#include <optional>
#include <string>

namespace lxr::io::http {

// What libcurl makes of URLs, so that what is compared is what will be asked. None of these throw for what is no URL.

// Where a reference in an answer from `base` leads (RFC 3986, section 5): "https://h/x", "//h/x", "/x", "../x". Empty when
// that is no http or https URL.
std::optional<std::string> resolve(const std::string& base, const std::string& reference);

// "https://host:port", in lower case and always with the port; empty for what is no http or https URL.
std::string origin_of(const std::string& url);

// "http", "https" or empty.
std::string scheme_of(const std::string& url);

// In lower case, without the brackets of an IPv6 address.
std::string host_of(const std::string& url);

// True for localhost and addresses of the loopback interface.
bool is_loopback(const std::string& url);

}  // namespace lxr::io::http
