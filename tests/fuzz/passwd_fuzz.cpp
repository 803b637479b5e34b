// SPDX-License-Identifier: Apache-2.0
// The image's passwd and group files: whatever they hold, a number never becomes another one.
#include <cstdlib>
#include <string>

#include "core/base/error.hpp"
#include "pipeline/spec/user.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = [&text](const std::string&) { return std::optional(text); };
  for (const char* word : {"", "app", "1000", "1000:app", "4294967296"}) {
    try {
      const auto u = lxr::spec::resolve_user(word, read);
      if (std::string(word).starts_with("1000") && u.ids.uid != 1000) std::abort();
      if (std::string(word) == "4294967296") std::abort();
    } catch (const lxr::error&) {
    }
  }
  return 0;
}
