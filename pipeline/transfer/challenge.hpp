// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lxr::transfer {

// A WWW-Authenticate: Bearer challenge (RFC 6750, distribution-spec token authentication).
struct bearer_challenge {
  std::string realm, service, scope;
};

// Returns the first Bearer challenge that names a realm; nullopt when there is none. The header is a list (RFC 9110,
// 11.6.1): it may come several times, each may hold several challenges of any scheme, and quoted values may hold commas
// and escaped quotes.
std::optional<bearer_challenge> find_bearer(const std::vector<std::string>& headers);
// Returns the URL of the token; it asks for exactly `scope`, whatever the challenge asks for.
std::string token_url(const bearer_challenge& challenge, const std::string& scope);

}  // namespace lxr::transfer
