// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

// Files that outlive a process carry the version of their format: a record has it as the member "version", a mapped
// file in its header. An older version is read, a newer one refused. Files of lxr before there were versions have none,
// which means version 1.
namespace lxr::record {

inline constexpr std::int64_t first_version = 1;

// The text of a record with this version.
std::string text_of(json::object content, std::int64_t version = first_version);
// Reads a record that may be of any version up to `newest`; `document` names it in errors.
// Throws errc::corrupt for damaged text, errc::unsupported for a newer version.
json::object read(std::string_view text, std::string_view document, std::int64_t newest = first_version);
// The same judgement for a file that is no JSON: throws errc::corrupt for a version below 1, errc::unsupported for one
// above `newest`.
void check_version(std::int64_t version, std::string_view document, std::int64_t newest = first_version);

}  // namespace lxr::record
