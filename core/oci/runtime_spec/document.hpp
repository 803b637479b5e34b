// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/base/json.hpp"
#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Parses a config.json. Ignores properties that the specification does not define, as it demands. Does not check that
// the values fit together; validate() does. `document` names the text in errors. Failure: throws errc::invalid_argument
// that names a property of the wrong type or out of its range.
runtime_spec parse_runtime_spec(std::string_view text, std::string_view document);
// The same for parsed JSON.
runtime_spec read_runtime_spec(const json::object& from, std::string_view document);

// Returns the document of a spec, without the properties that are absent in the value. read_runtime_spec() of it
// returns the same value.
json::object to_json(const runtime_spec& spec);

}  // namespace lxr::oci
