#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lxr::transfer {

// A WWW-Authenticate: Bearer challenge (RFC 6750, distribution-spec token authentication).
struct bearer_challenge {
  std::string realm, service, scope;
};

// The first Bearer challenge that names a realm. The header is a list (RFC 9110, 11.6.1): it may come several times, and each may
// hold several challenges of any scheme. Quoted values may hold commas and escaped quotes. Empty when there is none.
std::optional<bearer_challenge> find_bearer(const std::vector<std::string>& headers);
// Where to get a token: always for exactly our scope, whatever the challenge asks for.
std::string token_url(const bearer_challenge& challenge, const std::string& scope);

}  // namespace lxr::transfer
