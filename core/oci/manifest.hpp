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

// What one blob is (OCI image-spec, descriptor.md). `size` is in bytes, of the blob as transferred.
struct descriptor {
  std::string media_type;
  digest content;
  std::uint64_t size = 0;
};

// What an image runs on, in OCI's words; members may be empty. Names that other tools write (x86_64, aarch64, armhf)
// are understood: parse() and normalised() turn them into OCI's.
struct platform {
  std::string os, architecture, variant;

  // "amd64", "arm/v7", "linux/arm64/v8": as a user writes it; without an operating system it is linux.
  static platform parse(std::string_view text);
  [[nodiscard]] platform normalised() const;
  // True for an image whose config says this. What is left open fits.
  [[nodiscard]] bool accepts(std::string_view image_os, std::string_view image_architecture) const;
  // "linux/arm/v7"; empty when nothing is said.
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

// Parses either kind. Throws errc::corrupt for what is neither, or both; errc::unsupported for schema 1.
std::variant<manifest, index> parse_manifest(std::string_view text, std::string_view subject);

// The compression of a layer, from its media type. Throws errc::unsupported, naming the type.
compression layer_compression(const descriptor& layer);

// The entry for a platform: of those that name its system and architecture the one whose variant fits best, else one
// that names none. A variant that was asked for is taken, or one below it; else for amd64 and arm64 the lowest, which
// every processor runs, and for arm the highest up to v7, as docker does. Throws errc::not_found listing what the index
// offers.
const index::entry& choose(const index& images, const platform& wanted, std::string_view subject);

// This machine's architecture in OCI's words: "amd64", "arm64".
std::string_view host_architecture();

// The Accept header of a manifest request.
std::string_view accepted_manifest_types();

inline constexpr std::size_t manifest_limit = 4u << 20;  // bytes of a manifest, index or config
inline constexpr std::size_t layers_limit = 500;         // overlayfs takes at most 500 lower layers

}  // namespace lxr::oci
