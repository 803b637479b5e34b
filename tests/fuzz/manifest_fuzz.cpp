// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "core/base/error.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto parsed = lxr::oci::parse_manifest(text, "fuzz");
    if (const auto* m = std::get_if<lxr::oci::manifest>(&parsed)) {
      for (const auto& layer : m->layers) lxr::oci::layer_compression(layer);
    } else {
      for (const char* wanted : {"amd64", "arm/v6"})
        lxr::oci::choose(std::get<lxr::oci::index>(parsed), lxr::oci::platform::parse(wanted), "fuzz");
    }
  } catch (const lxr::error&) {
  }
  try {
    lxr::oci::image_config::parse(text, "fuzz");
  } catch (const lxr::error&) {
  }
  return 0;
}
