// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/resolv_conf.hpp"

#include <algorithm>

namespace lxr::network {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> out;
  for (std::size_t at = line.find_first_not_of(" \t"); at < line.size();) {
    const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(" \t\r", end);
  }
  return out;
}

std::string server_of(const std::string& line) {
  const auto words = words_of(line);
  return words.size() > 1 && words[0] == "nameserver" ? words[1] : "";
}

std::vector<std::string> servers_of(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(text)) {
    if (std::string server = server_of(line); !server.empty()) out.push_back(std::move(server));
  }
  return out;
}

}  // namespace lxr::network
