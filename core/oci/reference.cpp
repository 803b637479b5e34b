// SPDX-License-Identifier: Apache-2.0
#include "core/oci/reference.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/error.hpp"

namespace lxr::oci {
namespace {

[[noreturn]] void bad(std::string_view text, std::string why) {
  throw error(errc::invalid_argument, "use image name", '"' + std::string(text) + '"', std::move(why));
}

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_tag(std::string_view tag) {
  const auto word = [](char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !tag.empty() && tag.size() <= 128 && word(tag.front()) &&
         std::ranges::all_of(tag, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

// Checks the grammar of distribution: lower-case letters and digits, separated by one ".", "_" or "__", or by any
// number of "-".
bool is_path_component(std::string_view part) {
  return !part.empty() && is_lower_alnum(part.front()) && is_lower_alnum(part.back()) &&
         std::ranges::all_of(part, [](char c) { return is_lower_alnum(c) || c == '.' || c == '_' || c == '-'; }) &&
         part.find("..") == std::string_view::npos && part.find("___") == std::string_view::npos;
}

bool is_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

bool is_host_text(std::string_view host) {
  const auto edge = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '[' || c == ']'; };
  return edge(host.front()) && edge(host.back()) && std::ranges::all_of(host, [](char c) {
           return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' || c == '[' ||
                  c == ']';
         });
}

// Checks the name that an annotation of a layout gives to an image (OCI image-spec, annotations.md, ref.name).
bool is_layout_name(std::string_view name) {
  constexpr std::string_view between = "-._:@/+";
  const auto is_alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return !name.empty() && name.size() <= 255 && is_alnum(name.front()) && is_alnum(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return is_alnum(c) || between.find(c) != std::string_view::npos; });
}

// The directory ends at the first colon, as in skopeo and podman, because names may contain colons.
reference parse_layout(std::string_view text) {
  reference r;
  r.kind = reference::source::layout;
  std::string_view rest = text.substr(4);
  if (const auto at = rest.rfind("@sha256:"); at != std::string_view::npos) {
    r.content = digest::parse(rest.substr(at + 1));
    rest = rest.substr(0, at);
  }
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    r.tag = rest.substr(colon + 1);
    if (!is_layout_name(r.tag)) bad(text, "\"" + r.tag + "\" is not a name of an image in a layout");
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) bad(text, "no directory after oci:");
  r.repository = rest;
  return r;
}

}  // namespace

reference reference::parse(std::string_view text) {
  if (text.starts_with("oci:")) return parse_layout(text);
  reference r;
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    r.content = digest::parse(rest.substr(at + 1));
    rest = rest.substr(0, at);
  }
  const auto slash = rest.rfind('/');
  if (const auto colon = rest.rfind(':');
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    r.tag = rest.substr(colon + 1);
    if (!is_tag(r.tag)) bad(text, "\"" + r.tag + "\" is not a tag");
    rest = rest.substr(0, colon);
  }
  if (const auto first = rest.find('/'); first != std::string_view::npos && is_host(rest.substr(0, first))) {
    r.host = rest.substr(0, first);
    rest = rest.substr(first + 1);
    if (!is_host_text(r.host)) bad(text, "\"" + r.host + "\" is not a registry host");
  } else {
    r.host = "docker.io";
  }
  if (r.host == "index.docker.io") r.host = "docker.io";
  r.repository = rest;
  for (std::string_view parts = r.repository;;) {
    const auto cut = parts.find('/');
    if (!is_path_component(parts.substr(0, cut))) {
      bad(text, r.repository.empty()
                    ? "the repository name is empty"
                    : "a repository name has only lower-case letters, digits and . _ - / between them");
    }
    if (cut == std::string_view::npos) break;
    parts = parts.substr(cut + 1);
  }
  if (r.host == "docker.io" && r.repository.find('/') == std::string::npos) r.repository = "library/" + r.repository;
  if (r.repository.size() > 255) bad(text, "the repository name is longer than 255 characters");
  if (r.tag.empty() && r.content.empty()) r.tag = "latest";
  return r;
}

std::string reference::canonical() const {
  std::string out = kind == source::layout ? "oci:" + repository : host + "/" + repository;
  if (!tag.empty()) out += ":" + tag;
  if (!content.empty()) out += "@" + content.str();
  return out;
}

std::string reference::familiar_repository() const {
  if (kind == source::layout) return "oci:" + repository;
  if (host != "docker.io") return host + "/" + repository;
  return repository.starts_with("library/") ? repository.substr(8) : repository;
}

std::string reference::familiar() const {
  std::string out = familiar_repository();
  if (!tag.empty()) out += ":" + tag;
  if (!content.empty()) out += "@" + content.str();
  return out;
}

bool reference::is_loopback() const {
  const std::string name = host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  const bool is_numeric = name.find_first_not_of("0123456789.") == std::string::npos;  // 127.evil.tld is a name
  return name == "localhost" || name == "[::1]" || (is_numeric && name.starts_with("127."));
}

}  // namespace lxr::oci
