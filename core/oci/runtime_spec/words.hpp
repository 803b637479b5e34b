// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// Convert between a kind of namespace and the specification's name of it. from_word() returns false for an unknown
// name.
const char* to_word(namespace_kind kind);
bool from_word(std::string_view word, namespace_kind& out);
// Convert between capabilities and their names, "CAP_CHOWN"; unknown names are kept in capability_set::unknown.
std::vector<std::string> to_words(const capability_set& set);
void from_words(std::vector<std::string> words, capability_set& out);
// Returns the CLONE_NEW* flag of a kind of namespace (clone(2)).
unsigned long clone_flag(namespace_kind kind);

}  // namespace lxr::oci
