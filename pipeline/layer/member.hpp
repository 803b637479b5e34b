// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "io/tar/reader.hpp"

namespace lxr::layer {

// The rules of the layer format for tar members, the same for every store driver (OCI image-spec, layer.md).

constexpr std::size_t path_limit = 4095;  // bytes; the kernel's PATH_MAX without its NUL

// Returns "a/b/c" for any spelling of it ("./a//x/../b/c/"); "" for the root. Throws errc::corrupt for a path that
// leads out of the layer, or that is too long for a system call.
std::string normalised_member_path(const std::string& path);

// Splits a path into its directory ("" for the root) and its last part.
std::pair<std::string, std::string> split_path(const std::string& path);

// Returns true for the files that AUFS wrote for itself (".wh..wh.plnk/12.3", ".wh..wh.aufs") and that old images hold.
// They are skipped.
bool is_aufs_metadata(const std::string& path);

// A member whose name says something about the layers below; it is no file.
struct whiteout {
  enum class kind { hides_one, opaque } what;
  std::string hidden;  // for hides_one: the name that is hidden
};
// Returns nullopt for an ordinary name. Throws errc::corrupt for a whiteout of an impossible name.
std::optional<whiteout> parse_whiteout(const std::string& name, const std::string& path);

// Returns false for attributes that would give overlayfs orders that only lxr may give, or that belong to the host's
// own policy (such as security.selinux).
bool is_kept_attribute(const std::string& name);

// Throws errc::corrupt for a number that is no user or group id.
std::uint32_t checked_id(std::uint64_t id, const io::tar::entry& e);

// Refuses what no filesystem, or not every filesystem, can hold, so that the result does not depend on the store driver
// or its filesystem: device numbers that Linux does not have (12 bits major, 20 bits minor), attributes without a name,
// and attributes that are larger together than an ext4 block. Throws errc::corrupt, or errc::exhausted for too much.
void check_member(const io::tar::entry& e);
// Throws errc::exhausted when a file has more names than ext4 allows.
void check_names(std::uint64_t names, const io::tar::entry& e);

}  // namespace lxr::layer
