#include "pipeline/container/name_resolution.hpp"

#include <fcntl.h>

#include <algorithm>

#include "core/base/file.hpp"

namespace lxr::container {

std::string hosts_file(const container_config& config, const std::string& address) {
  std::string out = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (!address.empty()) out += address + "\t" + config.hostname + (config.name == config.hostname ? "" : " " + config.name) + "\n";
  return out;
}

std::string resolv_conf(network_mode mode) {
  std::string text = file::read_at(AT_FDCWD, "/etc/resolv.conf").value_or("");
  if (mode == network_mode::host) return text;
  if (text.find("nameserver 127.0.0.53") != std::string::npos) {
    text = file::read_at(AT_FDCWD, "/run/systemd/resolve/resolv.conf").value_or(text);
  }
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (!line.starts_with("nameserver 127.") && !line.starts_with("nameserver ::1")) out += line + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace lxr::container
