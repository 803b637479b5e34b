// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/oci/digest.hpp"

namespace lxr::oci {

// Where an image comes from, as docker users type it: "golang", "127.0.0.1:5000/team/app:1.2", "app@sha256:...",
// or an OCI image layout on disk: "oci:DIR[:NAME][@sha256:...]".
struct reference {
  enum class source { registry, layout };
  source kind = source::registry;
  std::string host;        // registry only: "docker.io", "127.0.0.1:5000"
  std::string repository;  // "library/golang", or the layout's directory as typed
  std::string tag;         // empty only when a digest was given, or for a layout without one; of a layout any name:
                           // "docker.io/library/a:1"
  digest content;          // empty unless typed

  // Throws errc::invalid_argument naming the part that is off.
  static reference parse(std::string_view text);
  // The one canonical spelling; images are stored under it: "docker.io/library/golang:latest".
  [[nodiscard]] std::string canonical() const;
  // How docker shows it: without "docker.io/library/".
  [[nodiscard]] std::string familiar() const;
  // familiar() without tag and digest, for listings.
  [[nodiscard]] std::string familiar_repository() const;
  // True for hosts that need no TLS: the loopback addresses and localhost.
  [[nodiscard]] bool is_loopback() const;
};

}  // namespace lxr::oci
