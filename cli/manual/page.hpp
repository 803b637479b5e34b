// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lxr::cli {

// One page of section 1 of the manual, in the macros of man(7).
// In prose, `text between backquotes` is shown bold, as what a user types; everything else is shown as it is.
// Lifecycle: sections, with what is in them, are added from top to bottom; then text() is the page.
class manual_page {
 public:
  // `name`: "lxr-run". `date`: "2026-11-26".
  manual_page(std::string_view name, std::string_view summary, std::string_view date);

  void section(std::string_view title);
  void paragraph(std::string_view prose);
  // A line that begins with what a user types, "lxr run", then a synopsis: "[OPTIONS] IMAGE".
  void usage(std::string_view command, std::string_view synopsis);
  // A tag, made by typed() or value(), and the paragraph beside it.
  void item(std::string_view tag, std::string_view prose);
  // Lines as they are.
  void example(std::string_view lines);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Text for a tag: bold, what a user types; or italic, what a value takes the place of.
std::string typed(std::string_view text);
std::string value(std::string_view text);

}  // namespace lxr::cli
