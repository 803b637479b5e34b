// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace lxr::cli {

// Text of the program itself: only a string literal converts to it. Flags are declared anew by each command, so each
// start pays for what a declaration copies; a literal is kept without a copy.
// Lifecycle: as long as the program; any number of copies.
// Borrows: the text.
class literal {
 public:
  template <std::size_t Size>
  consteval literal(const char (&text)[Size]) : text_(text, Size - 1) {}  // NOLINT(google-explicit-constructor)
  constexpr literal() = default;

  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

}  // namespace lxr::cli
