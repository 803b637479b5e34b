// SPDX-License-Identifier: Apache-2.0
// What a registry answers beside content: the body of a refusal, and the place where a redirect leads. A redirect never
// leaves http and https.
#include <cstdlib>
#include <string>

#include "io/http/url.hpp"
#include "pipeline/transfer/answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lxr;
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t longest = 500;
  if (transfer::messages_of(text).size() > longest) std::abort();
  (void)transfer::explain({"app", "its manifest", "registry.example", 404, std::nullopt, text});
  const auto to = io::http::resolve("https://registry.example/v2/app/blobs/1", text);
  if (!to) return 0;
  const std::string scheme = io::http::scheme_of(*to);
  if (scheme != "http" && scheme != "https") std::abort();
  if (io::http::origin_of(*to).empty() || io::http::host_of(*to).empty()) std::abort();
  (void)io::http::is_loopback(*to);
  return 0;
}
