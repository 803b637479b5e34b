// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/capabilities.hpp"

#include <sys/prctl.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"
#include "core/oci/runtime_spec/defaults.hpp"

namespace lxr::spec {
namespace {

// The bounding set of this process.
std::uint64_t own_capabilities() {
  std::uint64_t set = 0;
  for (unsigned number = 0; number < oci::capability_count; ++number) {
    if (::prctl(PR_CAPBSET_READ, number) == 1) set |= std::uint64_t{1} << number;
  }
  return set;
}

bool has_all(const std::vector<std::string>& names) { return std::ranges::find(names, "ALL") != names.end(); }

std::uint64_t bits_of(const std::vector<std::string>& names) {
  std::uint64_t set = 0;
  for (const std::string& name : names) {
    if (const auto number = oci::capability_number(name)) set |= std::uint64_t{1} << *number;
  }
  return set;
}

}  // namespace

capability_choice choose_capabilities(const security_options& o) {
  if (!o.privileged && o.cap_add.empty() && o.cap_drop.empty()) return {oci::default_capabilities(), 0};
  const std::uint64_t own = own_capabilities();
  const bool adds_all = o.privileged || has_all(o.cap_add);
  capability_choice out{adds_all ? own : oci::default_capabilities(), bits_of(o.cap_add)};
  if (has_all(o.cap_drop) && !adds_all) out.bounding = 0;
  out.bounding &= ~bits_of(o.cap_drop);
  for (unsigned number = 0; number < oci::capability_count; ++number) {
    if ((out.added & ~own) >> number & 1) {
      throw error(errc::not_permitted, "give capability", oci::capability_name(number), "lxr does not have it itself",
                  "leave it out, or start lxr with it");
    }
  }
  out.bounding |= out.added;
  return out;
}

}  // namespace lxr::spec
