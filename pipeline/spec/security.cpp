// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>

#include <algorithm>

#include "core/oci/runtime_spec/defaults.hpp"
#include "core/oci/runtime_spec/validate.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

bool is_unmasked(const security_options& o, const std::string& path) {
  return std::ranges::any_of(o.unmask, [&path](const std::string& pattern) {
    return pattern == "ALL" || ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  });
}

std::vector<std::string> still_covered(const security_options& o, std::vector<std::string> paths) {
  std::erase_if(paths, [&o](const std::string& path) { return is_unmasked(o, path); });
  return paths;
}

}  // namespace

void add_security(oci::runtime_spec& spec, const container_config& config) {
  const security_options& o = config.security;
  if (!o.privileged) {
    spec.linux_part.masked_paths = oci::default_masked_paths();
    spec.linux_part.readonly_paths = oci::default_readonly_paths();
  }
  if (!o.unmask.empty()) {
    spec.linux_part.masked_paths = still_covered(o, std::move(spec.linux_part.masked_paths));
    spec.linux_part.readonly_paths = still_covered(o, std::move(spec.linux_part.readonly_paths));
  }
  spec.linux_part.masked_paths.insert(spec.linux_part.masked_paths.end(), o.mask.begin(), o.mask.end());
  if (o.sysctl.empty()) return;
  for (const auto& [name, value] : o.sysctl) spec.linux_part.sysctl[name] = value;
  oci::validate_sysctl(spec.linux_part, "--sysctl");
}

}  // namespace lxr::spec
