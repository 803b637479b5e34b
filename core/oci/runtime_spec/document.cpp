// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/document.hpp"

#include "core/oci/runtime_spec/fields.hpp"
#include "core/oci/runtime_spec/words.hpp"

namespace lxr::oci {

runtime_spec read_runtime_spec(const json::object& from, std::string_view document) {
  return json::read_fields<runtime_spec>(from, document, errc::invalid_argument);
}

runtime_spec parse_runtime_spec(std::string_view text, std::string_view document) {
  return read_runtime_spec(json::parse_object(text, document), document);
}

json::object to_json(const runtime_spec& spec) { return json::write_fields(spec); }

}  // namespace lxr::oci
