// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace lxr::oci {

// A SHA-256 content digest: "sha256:" and 64 lower-case hex digits (OCI image-spec, descriptor.md).
// Lifecycle: empty, or made by parse(); a value.
// Owns: its text.
class digest {
 public:
  digest() = default;  // empty: no digest
  // Throws errc::invalid_argument for another algorithm, another length or other characters.
  static digest parse(std::string_view text);
  static digest from_hex(std::string_view hex) { return parse("sha256:" + std::string(hex)); }

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] std::string hex() const { return text_.empty() ? text_ : text_.substr(7); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const digest&) const = default;

 private:
  std::string text_;
};

}  // namespace lxr::oci
