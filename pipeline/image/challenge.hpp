#pragma once

#include <optional>
#include <string>

namespace lxr::image {

// A WWW-Authenticate: Bearer challenge (RFC 6750, distribution-spec token authentication).
struct bearer_challenge {
  std::string realm, service, scope;
};

// Empty when the header asks for something else. Quoted values may hold commas and escaped quotes.
std::optional<bearer_challenge> parse_challenge(const std::string& header);
// Where to get a token: always for exactly our scope, whatever the challenge asks for.
std::string token_url(const bearer_challenge& challenge, const std::string& scope);

}  // namespace lxr::image
