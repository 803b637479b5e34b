// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <optional>

#include "core/base/error.hpp"
#include "core/oci/manifest.hpp"

namespace lxr::oci {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Returns 7 for "v7" or "7", 8 for "v8.1"; nullopt for a variant without a number.
std::optional<int> level_of(std::string_view variant) {
  if (variant.starts_with('v')) variant.remove_prefix(1);
  const std::string_view digits = variant.substr(0, variant.find('.'));
  if (digits.empty() || digits.size() > 2 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return std::stoi(std::string(digits));
}

// Returns the level of an image without a variant.
int usual_level(const std::string& architecture) { return architecture == "arm" ? 7 : architecture == "arm64" ? 8 : 1; }

// Returns how well a variant fits: a smaller number is better; nullopt: it does not fit.
std::optional<int> distance(const platform& wanted, const platform& offered) {
  const int usual = usual_level(wanted.architecture);
  const auto level = offered.variant.empty() ? usual : level_of(offered.variant);
  if (!wanted.variant.empty() && offered.variant == wanted.variant) return 0;
  if (!level) return wanted.variant.empty() ? std::optional(1000) : std::nullopt;  // an unknown variant
  const bool highest = wanted.architecture == "arm" || !wanted.variant.empty();
  const auto limit = wanted.variant.empty() ? usual : level_of(wanted.variant);
  if (highest) return limit && *level <= *limit ? std::optional(*limit - *level) : std::nullopt;
  return level;
}

}  // namespace

platform platform::parse(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view rest = text;; rest = rest.substr(rest.find('/') + 1)) {
    parts.emplace_back(rest.substr(0, rest.find('/')));
    if (rest.find('/') == std::string_view::npos) break;
  }
  const bool names_system = parts.size() == 3 || (parts.size() == 2 && !level_of(parts[1]));
  if (!names_system) parts.insert(parts.begin(), "linux");
  if (parts.size() > 3 || std::ranges::any_of(parts, [](const std::string& p) { return p.empty(); })) {
    throw error(errc::invalid_argument, "use platform", '"' + std::string(text) + '"', "",
                "it is ARCHITECTURE[/VARIANT], as in amd64 or arm/v7");
  }
  return platform{parts[0], parts[1], parts.size() == 3 ? parts[2] : ""}.normalised();
}

platform platform::normalised() const {
  platform out{lower(os), lower(architecture), lower(variant)};
  const auto is_one_of = [&out](std::initializer_list<const char*> names) {
    return std::ranges::find(names, out.architecture) != names.end();
  };
  const auto usual_variant = [&out](const char* text) {
    if (out.variant.empty()) out.variant = text;
  };
  if (is_one_of({"x86_64", "x86-64"})) out.architecture = "amd64";
  if (is_one_of({"aarch64", "arm64v8"})) out.architecture = "arm64";
  if (is_one_of({"i386", "i486", "i586", "i686"})) out.architecture = "386";
  if (is_one_of({"armel"})) usual_variant("v6");
  if (is_one_of({"armel", "armhf", "armv7l"})) out.architecture = "arm";
  if (!out.variant.empty() && out.variant.front() != 'v' && level_of(out.variant)) out.variant = "v" + out.variant;
  return out;
}

bool platform::accepts(std::string_view image_os, std::string_view image_architecture) const {
  const platform image = platform{std::string(image_os), std::string(image_architecture), {}}.normalised();
  return (image.os.empty() || image.os == os) && (image.architecture.empty() || image.architecture == architecture);
}

std::string platform::str() const {
  if (os.empty() && architecture.empty()) return {};
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

const index::entry& choose(const index& images, const platform& wanted, std::string_view subject) {
  const index::entry *best = nullptr, *unsaid = nullptr;
  int best_distance = 0;
  std::string offered;
  for (const index::entry& e : images.entries) {
    const platform target = e.target.normalised();
    const bool right_system = target.os.empty() || target.os == wanted.os;
    if (right_system && target.architecture.empty() && unsaid == nullptr) unsaid = &e;
    const auto d = right_system && target.architecture == wanted.architecture ? distance(wanted, target) : std::nullopt;
    if (d && (best == nullptr || *d < best_distance)) {
      best = &e;
      best_distance = *d;
    }
    if (offered.size() < 2000) offered += (offered.empty() ? "" : ", ") + target.str();
  }
  if (best == nullptr) best = unsaid;
  if (best != nullptr) return *best;
  throw error(errc::not_found, "use image", std::string(subject),
              "it has no variant for " + wanted.str() + ", only " + (offered.empty() ? "none" : offered));
}

}  // namespace lxr::oci
