// SPDX-License-Identifier: Apache-2.0
// What parses has a canonical spelling that parses to the same.
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/oci/reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto r = lxr::oci::reference::parse({reinterpret_cast<const char*>(data), size});
    if (lxr::oci::reference::parse(r.canonical()).canonical() != r.canonical()) std::abort();
  } catch (const lxr::error&) {
  }
  return 0;
}
