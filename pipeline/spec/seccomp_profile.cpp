// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/seccomp_profile.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/base/json.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"
#include "core/oci/runtime_spec/document.hpp"

namespace lxr::spec {
namespace {

#ifdef __x86_64__
constexpr std::string_view own_architecture = "SCMP_ARCH_X86_64", docker_word = "amd64";
#else
constexpr std::string_view own_architecture = "SCMP_ARCH_AARCH64", docker_word = "arm64";
#endif

bool has_capability(std::uint64_t set, const std::string& name) {
  const auto number = oci::capability_number(name);
  return number && (set >> *number & 1) != 0;
}

// Whether this kernel is of version `text`, "4.8", or newer.
bool is_kernel_from(const std::string& text) {
  utsname host{};
  std::pair<int, int> own, wanted;
  return ::uname(&host) == 0 && std::sscanf(host.release, "%d.%d", &own.first, &own.second) == 2 &&
         std::sscanf(text.c_str(), "%d.%d", &wanted.first, &wanted.second) == 2 && own >= wanted;
}

bool names_own_architecture(const std::vector<std::string>& words) {
  return std::ranges::find(words, docker_word) != words.end();
}

bool applies(const json::object& rule, std::uint64_t capabilities) {
  if (const json::object* only = json::find_object(rule, "includes")) {
    const std::vector<std::string> where = json::get_strings(*only, "arches");
    if (!where.empty() && !names_own_architecture(where)) return false;
    for (const std::string& name : json::get_strings(*only, "caps")) {
      if (!has_capability(capabilities, name)) return false;
    }
    const std::string kernel = json::get_string(*only, "minKernel");
    if (!kernel.empty() && !is_kernel_from(kernel)) return false;
  }
  if (const json::object* never = json::find_object(rule, "excludes")) {
    if (names_own_architecture(json::get_strings(*never, "arches"))) return false;
    for (const std::string& name : json::get_strings(*never, "caps")) {
      if (has_capability(capabilities, name)) return false;
    }
    const std::string kernel = json::get_string(*never, "minKernel");
    if (!kernel.empty() && is_kernel_from(kernel)) return false;
  }
  return true;
}

// The entry of archMap for this machine, as the list "architectures".
void resolve_architectures(json::object& profile) {
  const json::array* map = json::find_array(profile, "archMap");
  if (map == nullptr) return;
  std::vector<std::string> chosen;
  for (const json::value& entry : *map) {
    if (!entry.is_object() || json::get_string(entry.as_object(), "architecture") != own_architecture) continue;
    chosen.emplace_back(own_architecture);
    for (std::string& sub : json::get_strings(entry.as_object(), "subArchitectures")) chosen.push_back(std::move(sub));
  }
  if (!chosen.empty()) profile["architectures"] = json::from(chosen);
}

}  // namespace

oci::seccomp_spec read_seccomp_profile(const std::string& text, std::uint64_t capabilities,
                                       const std::string& document) {
  json::object profile = json::parse_object(text, document);
  resolve_architectures(profile);
  json::array rules;
  if (const json::array* all = json::find_array(profile, "syscalls")) {
    for (const json::value& v : *all) {
      if (v.is_object() && !applies(v.as_object(), capabilities)) continue;
      rules.push_back(v);
      if (!v.is_object() || !v.as_object().contains("name")) continue;
      rules.back().as_object()["names"] = json::array{v.as_object().at("name")};  // of profiles before docker 1.12
    }
  }
  profile["syscalls"] = std::move(rules);
  json::object whole{{"ociVersion", "1.0.0"}, {"root", {{"path", "/"}}}};
  whole["linux"] = json::object{{"seccomp", std::move(profile)}};
  return oci::read_runtime_spec(whole, document).linux_part.seccomp.value();
}

}  // namespace lxr::spec
