// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lxr::cli {

// So many letters must be put in, taken out, exchanged or swapped with their neighbour to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word that was probably meant, or "": at most two edits away and fewer than half of the word, or one that
// begins with it.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace lxr::cli
