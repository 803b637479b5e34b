// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/oci/digest.hpp"

namespace lxr::oci {

// The name of an image as docker's users type it ("golang", "127.0.0.1:5000/team/app:1.2", "app@sha256:..."), or of one
// in an OCI image layout on disk ("oci:DIR[:NAME][@sha256:...]").
struct reference {
  enum class source { registry, layout };
  source kind = source::registry;
  std::string host;        // registry only: "docker.io", "127.0.0.1:5000"
  std::string repository;  // "library/golang", or the layout's directory as typed
  std::string tag;         // empty only when a digest was given, or for a layout without one; of a layout any name:
                           // "docker.io/library/a:1"
  digest content;          // empty unless the user typed one

  // Throws errc::invalid_argument that names the wrong part.
  static reference parse(std::string_view text);
  // Returns the canonical name, by which the store knows the image: "docker.io/library/golang:latest".
  [[nodiscard]] std::string canonical() const;
  // Returns the name as docker shows it: without "docker.io/library/".
  [[nodiscard]] std::string familiar() const;
  // Returns familiar() without tag and digest, for lists.
  [[nodiscard]] std::string familiar_repository() const;
  // Returns true for hosts that need no TLS: loopback addresses and localhost.
  [[nodiscard]] bool is_loopback() const;
};

}  // namespace lxr::oci
