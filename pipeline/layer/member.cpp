// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/member.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lxr::layer {

std::string normalised_member_path(const std::string& path) {
  if (path.size() > path_limit)
    throw error(errc::corrupt, "unpack", '"' + path.substr(0, 60) + "...\"", "its path is longer than 4095 bytes");
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (out.empty()) throw error(errc::corrupt, "unpack", '"' + path + '"', "its path leads out of the layer");
      out.resize(out.find('/') == std::string::npos ? 0 : out.rfind('/'));
      continue;
    }
    out += (out.empty() ? "" : "/") + part;
  }
  return out;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

namespace {
constexpr std::string_view whiteout_mark = ".wh.", aufs_mark = ".wh..wh.", opaque_name = ".wh..wh..opq";
}  // namespace

bool is_aufs_metadata(const std::string& path) {
  const auto [above, name] = split_path(path);
  const bool below_one = above.starts_with(aufs_mark) || above.find("/" + std::string(aufs_mark)) != std::string::npos;
  return below_one || (name.starts_with(aufs_mark) && name != opaque_name);
}

std::optional<whiteout> parse_whiteout(const std::string& name, const std::string& path) {
  const std::string_view mark = whiteout_mark;
  if (!name.starts_with(mark)) return std::nullopt;
  if (name == opaque_name) return whiteout{whiteout::kind::opaque, {}};
  const std::string hidden = name.substr(mark.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    throw error(errc::corrupt, "unpack", '"' + path + '"', "it whites out no name");
  return whiteout{whiteout::kind::hides_one, hidden};
}

bool is_kept_attribute(const std::string& name) {
  const bool user = name.starts_with("user.") && !name.starts_with("user.overlay.");
  return user || name == "security.capability" || name == "system.posix_acl_access" ||
         name == "system.posix_acl_default";
}

std::uint32_t checked_id(std::uint64_t id, const io::tar::entry& e) {
  if (id > 0xfffffffeu) throw error(errc::corrupt, "unpack", e.path, "its owner is no valid user or group id");
  return static_cast<std::uint32_t>(id);
}

namespace {

void check_attributes(const io::tar::entry& e) {
  constexpr std::size_t most = 4000, of_each = 16, longest_name = 255;
  const auto rounded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  std::size_t sum = 0;
  for (const auto& [name, value] : e.xattrs) {
    if (!is_kept_attribute(name)) continue;
    if (name == "user.") throw error(errc::corrupt, "unpack", '"' + e.path + '"', "one of its attributes has no name");
    if (name.size() > longest_name)
      throw error(errc::corrupt, "unpack", '"' + e.path + '"',
                  "the name of one of its attributes is longer than 255 bytes");
    sum += of_each + rounded(name.size()) + rounded(value.size());
  }
  if (sum > most)
    throw error(errc::exhausted, "unpack", '"' + e.path + '"',
                "its attributes take more than the 4000 bytes that every filesystem keeps");
}

}  // namespace

void check_member(const io::tar::entry& e) {
  constexpr std::uint32_t majors = 1u << 12, minors = 1u << 20;
  if (e.device_major >= majors || e.device_minor >= minors)
    throw error(errc::corrupt, "unpack", '"' + e.path + '"', "Linux has no such device number");
  if (!e.xattrs.empty()) check_attributes(e);
}

void check_names(std::uint64_t names, const io::tar::entry& e) {
  constexpr std::uint64_t most = 65'000;
  if (names > most)
    throw error(errc::exhausted, "unpack", '"' + e.path + '"',
                "it is a hard link to a file that has 65,000 names already");
}

}  // namespace lxr::layer
