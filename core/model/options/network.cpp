// SPDX-License-Identifier: Apache-2.0
#include "core/model/options/network.hpp"

namespace lxr {

const char* to_word(network_mode mode) {
  switch (mode) {
    case network_mode::bridge:
      return "bridge";
    case network_mode::none:
      return "none";
    case network_mode::host:
      return "host";
    case network_mode::container:
      return "container";
    case network_mode::path:
      return "ns";
  }
  return "?";
}

bool from_word(std::string_view word, network_mode& out) {
  for (const network_mode mode :
       {network_mode::bridge, network_mode::none, network_mode::host, network_mode::container, network_mode::path}) {
    if (word != to_word(mode)) continue;
    out = mode;
    return true;
  }
  return false;
}

}  // namespace lxr
