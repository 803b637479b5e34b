// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/oci/digest.hpp"

namespace lxr::oci {

enum class compression { none, gzip, zstd };

// Describes one blob (OCI image-spec, descriptor.md). `size` is the number of bytes that are transferred.
struct descriptor {
  std::string media_type;
  digest content;
  std::uint64_t size = 0;
};

// A platform that an image runs on, by OCI's names; members may be empty. parse() and normalised() translate the names
// that other tools write (x86_64, aarch64, armhf).
struct platform {
  std::string os, architecture, variant;

  // Parses what a user writes: "amd64", "arm/v7", "linux/arm64/v8". Without an operating system it is linux.
  static platform parse(std::string_view text);
  [[nodiscard]] platform normalised() const;
  // Returns true when an image with this config runs on the platform. An empty value fits every platform.
  [[nodiscard]] bool accepts(std::string_view image_os, std::string_view image_architecture) const;
  // Returns "linux/arm/v7"; "" when all members are empty.
  [[nodiscard]] std::string str() const;
};

// OCI image manifest v1, or Docker image manifest version 2 schema 2: one config and its layers, lowest first.
struct manifest {
  descriptor config;
  std::vector<descriptor> layers;
};

// OCI image index, or Docker manifest list: the same image for several platforms.
struct index {
  struct entry {
    descriptor manifest;
    platform target;
    // Annotations, of layouts: org.opencontainers.image.ref.name, and io.containerd.image.name, which docker save
    // writes.
    std::string tag, image_name;
  };
  std::vector<entry> entries;
};

// Parses a manifest or an index. Throws errc::corrupt for a document that is neither or both, errc::unsupported for
// schema 1.
std::variant<manifest, index> parse_manifest(std::string_view text, std::string_view subject);

// Returns the compression that a layer's media type names. Throws errc::unsupported for another type.
compression layer_compression(const descriptor& layer);

// Returns the entry for a platform: of those with its system and architecture the one whose variant fits best, else an
// entry without a platform. The best variant is
// - with a wanted variant: the same one, else the highest below it;
// - without one, for amd64 and arm64: the lowest, which every processor runs;
// - without one, for arm: the highest up to v7, as in docker.
// Throws errc::not_found that lists the platforms of the index.
const index::entry& choose(const index& images, const platform& wanted, std::string_view subject);

// Returns OCI's name of this machine's architecture: "amd64", "arm64".
std::string_view host_architecture();

// Returns the Accept header of a manifest request.
std::string_view accepted_manifest_types();

inline constexpr std::size_t manifest_limit = 4u << 20;  // bytes of a manifest, index or config
inline constexpr std::size_t layers_limit = 500;         // overlayfs takes at most 500 lower layers

}  // namespace lxr::oci
