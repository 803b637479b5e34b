// SPDX-License-Identifier: Apache-2.0
#include "core/base/record.hpp"

#include "core/base/error.hpp"

namespace lxr::record {

std::string text_of(json::object content, std::int64_t version) {
  content["version"] = version;
  return json::dump(content);
}

json::object read(std::string_view text, std::string_view document, std::int64_t newest) {
  json::object content = json::parse_record(text, document);
  check_version(json::get_int(content, "version", first_version), document, newest);
  return content;
}

void check_version(std::int64_t version, std::string_view document, std::int64_t newest) {
  if (version < first_version)
    throw error(errc::corrupt, "read", std::string(document), "its version is " + std::to_string(version));
  if (version <= newest) return;
  throw error(errc::unsupported, "read", std::string(document),
              "a newer lxr wrote it, in version " + std::to_string(version) + " of its format", "use that lxr");
}

}  // namespace lxr::record
