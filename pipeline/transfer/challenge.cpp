// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/challenge.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <string_view>

namespace lxr::transfer {
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

struct challenge {
  std::string scheme;                             // in lower case
  std::map<std::string, std::string> parameters;  // names in lower case
};

// Splits one header into its challenges. Skips what it cannot parse.
class challenge_reader {
 public:
  explicit challenge_reader(const std::string& text) : text_(text) {}

  std::vector<challenge> read() {
    for (skip(", \t"); at_ < text_.size(); skip(", \t")) {
      const std::string word = read_word();
      const std::size_t behind = at_;
      skip(" \t");
      if (at_ < text_.size() && text_[at_] == '=') {
        read_value_of(word);
      } else if (word.empty()) {
        ++at_;
      } else {
        at_ = behind;
        out_.push_back({lower(word), {}});
      }
    }
    return std::move(out_);
  }

 private:
  void skip(std::string_view letters) {
    while (at_ < text_.size() && letters.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  std::string read_word() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(" \t,=\"", at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }

  std::string read_quoted() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    ++at_;
    return out;
  }

  // A token68 after a scheme ("Negotiate YWJj==") also ends in equals signs, but has no name.
  void read_value_of(const std::string& name) {
    ++at_;
    skip(" \t");
    const bool is_token68 = at_ >= text_.size() || text_[at_] == '=' || text_[at_] == ',';
    skip("=");
    if (is_token68 || name.empty()) return;
    const std::string value = text_[at_] == '"' ? read_quoted() : read_unquoted();
    if (!out_.empty()) out_.back().parameters.emplace(lower(name), value);
  }

  std::string read_unquoted() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(" \t,", at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::vector<challenge> out_;
};

}  // namespace

std::optional<bearer_challenge> find_bearer(const std::vector<std::string>& headers) {
  for (const std::string& header : headers) {
    for (challenge& c : challenge_reader(header).read()) {
      if (c.scheme == "bearer" && !c.parameters["realm"].empty())
        return bearer_challenge{c.parameters["realm"], c.parameters["service"], c.parameters["scope"]};
    }
  }
  return std::nullopt;
}

std::string token_url(const bearer_challenge& challenge, const std::string& scope) {
  std::string url = challenge.realm + (challenge.realm.find('?') == std::string::npos ? "?" : "&");
  if (!challenge.service.empty()) url += "service=" + url_encoded(challenge.service) + "&";
  return url + "scope=" + url_encoded(scope);
}

}  // namespace lxr::transfer
