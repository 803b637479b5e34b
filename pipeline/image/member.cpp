#include "pipeline/image/member.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace lxr::image {

void count_member(std::uint64_t& members, const layer_limits& limits) {
  if (++members <= limits.members) return;
  throw error(errc::exhausted, "unpack layer", "", "it has more than " + std::to_string(limits.members) + " members", "LXR_LAYER_MAX_FILES allows more");
}

std::string normalised_member_path(const std::string& path) {
  if (path.size() > path_limit) throw error(errc::corrupt, "unpack", '"' + path.substr(0, 60) + "...\"", "its path is longer than 4095 bytes");
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") throw error(errc::corrupt, "unpack", '"' + path + '"', "its path leads out of the layer");
    out += (out.empty() ? "" : "/") + part;
  }
  return out;
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::optional<whiteout> parse_whiteout(const std::string& name, const std::string& path) {
  constexpr std::string_view mark = ".wh.", own_mark = ".wh..wh.", opaque = ".wh..wh..opq";
  if (!name.starts_with(mark)) return std::nullopt;
  if (name == opaque) return whiteout{whiteout::kind::opaque, {}};
  if (name.starts_with(own_mark)) return whiteout{whiteout::kind::ignored, {}};  // aufs' own
  const std::string hidden = name.substr(mark.size());
  if (hidden.empty() || hidden == "." || hidden == "..") throw error(errc::corrupt, "unpack", '"' + path + '"', "it whites out no name");
  return whiteout{whiteout::kind::hides_one, hidden};
}

bool is_kept_attribute(const std::string& name) {
  const bool user = name.starts_with("user.") && !name.starts_with("user.overlay.");
  return user || name == "security.capability" || name == "system.posix_acl_access" || name == "system.posix_acl_default";
}

std::uint32_t checked_id(std::uint64_t id, const io::tar::entry& e) {
  if (id > 0xfffffffeu) throw error(errc::corrupt, "unpack", e.path, "its owner is no valid user or group id");
  return static_cast<std::uint32_t>(id);
}

}  // namespace lxr::image
