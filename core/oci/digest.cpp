// SPDX-License-Identifier: Apache-2.0
#include "core/oci/digest.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lxr::oci {

digest digest::parse(std::string_view text) {
  const bool prefixed = text.starts_with("sha256:");
  const std::string_view hex = prefixed ? text.substr(7) : std::string_view();
  const bool good = hex.size() == 64 &&
                    std::ranges::all_of(hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!good) {
    throw error(errc::invalid_argument, "use digest", '"' + std::string(text.substr(0, 100)) + '"',
                "it is not sha256: and 64 lower-case hex digits");
  }
  digest d;
  d.text_ = text;
  return d;
}

}  // namespace lxr::oci
