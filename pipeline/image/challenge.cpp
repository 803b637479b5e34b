#include "pipeline/image/challenge.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace lxr::image {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string url_encoded(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", c);
      out += hex;
    }
  }
  return out;
}

}  // namespace

std::optional<bearer_challenge> parse_challenge(const std::string& header) {
  if (lower(header.substr(0, 7)) != "bearer ") return std::nullopt;
  bearer_challenge out;
  std::size_t at = 7;
  while (at < header.size()) {
    while (at < header.size() && (header[at] == ' ' || header[at] == ',')) ++at;
    const auto equals = header.find('=', at);
    if (equals == std::string::npos) break;
    const std::string key = lower(header.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size()) ++at;
        value += header[at];
      }
      ++at;
    } else {
      const auto end = std::min(header.find(',', at), header.size());
      value = header.substr(at, end - at);
      at = end;
    }
    if (key == "realm") out.realm = value;
    if (key == "service") out.service = value;
    if (key == "scope") out.scope = value;
  }
  return out;
}

std::string token_url(const bearer_challenge& challenge, const std::string& scope) {
  std::string url = challenge.realm + (challenge.realm.find('?') == std::string::npos ? "?" : "&");
  if (!challenge.service.empty()) url += "service=" + url_encoded(challenge.service) + "&";
  return url + "scope=" + url_encoded(scope);
}

}  // namespace lxr::image
