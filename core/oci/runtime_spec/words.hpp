// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::oci {

// The specification's word for a kind of namespace, and back; false for what is no such word.
const char* to_word(namespace_kind kind);
bool from_word(std::string_view word, namespace_kind& out);
// "CAP_CHOWN"; unknown words are kept as such.
std::vector<std::string> to_words(const capability_set& set);
void from_words(std::vector<std::string> words, capability_set& out);
// Its CLONE_NEW* flag (clone(2)).
unsigned long clone_flag(namespace_kind kind);

}  // namespace lxr::oci
