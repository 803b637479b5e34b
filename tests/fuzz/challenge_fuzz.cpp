// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "pipeline/transfer/challenge.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto c = lxr::transfer::find_bearer({std::string(reinterpret_cast<const char*>(data), size)});
  if (c) lxr::transfer::token_url(*c, "repository:a:pull");
  return 0;
}
