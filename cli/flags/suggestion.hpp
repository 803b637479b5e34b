// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lxr::cli {

// Returns the number of letters to insert, delete, replace or swap with their neighbour to turn one word into the
// other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns the known word that the user probably meant; "" when there is none:
// - the one with the smallest edit distance, which is at most two and at most half the letters of `word`;
// - else, if `word` has two letters or more, the first one that begins with `word`.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace lxr::cli
