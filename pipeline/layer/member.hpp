#pragma once

#include <optional>
#include <string>
#include <utility>

#include "io/tar/reader.hpp"

namespace lxr::layer {

// What the layer format makes of a tar member, whatever driver stores it (OCI image-spec, layer.md).

constexpr std::size_t path_limit = 4095;  // as the kernel's PATH_MAX

// "a/b/c" of any spelling of it ("./a//x/../b/c/"); empty for the root. Throws errc::corrupt for a path that leads out of the layer, or
// that no system call takes.
std::string normalised_member_path(const std::string& path);

// Directory (empty for the root) and last part.
std::pair<std::string, std::string> split_path(const std::string& path);

// True for what AUFS wrote for itself (".wh..wh.plnk/12.3", ".wh..wh.aufs"), which old images hold: it is left out.
bool is_aufs_metadata(const std::string& path);

// A member whose name says something about the layers below instead of being a file.
struct whiteout {
  enum class kind { hides_one, opaque } what;
  std::string hidden;  // the name that is hidden, of hides_one
};
// Empty for an ordinary name. Throws errc::corrupt for one that hides no possible name.
std::optional<whiteout> parse_whiteout(const std::string& name, const std::string& path);

// False for attributes that would tell overlayfs what only lxr may tell it, or that the host's own policy owns.
bool is_kept_attribute(const std::string& name);

// Throws errc::corrupt for what is no user or group id.
std::uint32_t checked_id(std::uint64_t id, const io::tar::entry& e);

// What no filesystem, or not every one, can hold, so that it does not depend on the store driver and the filesystem below it what
// is refused: device numbers that Linux does not have (12 bits major, 20 bits minor), attributes without a name or larger together
// than a block of ext4. Throws errc::corrupt, or errc::exhausted for what is too much.
void check_member(const io::tar::entry& e);
// One file may have as many names as on ext4. Throws errc::exhausted beyond that.
void check_names(std::uint64_t names, const io::tar::entry& e);

}  // namespace lxr::layer
