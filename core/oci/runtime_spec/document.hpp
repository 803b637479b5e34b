// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/base/json.hpp"
#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Reads a config.json. Properties that the specification does not know are passed over, as it demands.
// `document` names it in errors. Throws errc::invalid_argument naming the property that has a wrong kind or is out of
// its range;
// whether the values fit together is validate()'s to say.
runtime_spec parse_runtime_spec(std::string_view text, std::string_view document);
// The same of a document that was read as JSON already.
runtime_spec read_runtime_spec(const json::object& from, std::string_view document);

// The document of a spec; what is absent in the value is left out. Reading it again gives the same value.
json::object to_json(const runtime_spec& spec);

}  // namespace lxr::oci
