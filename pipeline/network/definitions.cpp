// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/definitions.hpp"

#include <cstring>

#include "core/base/file.hpp"
#include "core/base/record.hpp"
#include "core/instance/names.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr const char* suffix = ".json";

}  // namespace

std::string definition_path(const std::string& name) {
  return std::string(definitions_directory) + "/" + name + suffix;
}

std::optional<network_record> read_definition(const instance& where, const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  const std::string document = definition_path(name);
  const auto text = file::read_at(where.root_fd(), document);
  if (!text) return std::nullopt;
  return json::read_fields<network_record>(record::read(*text, document), document);
}

std::vector<network_record> read_definitions(const instance& where) {
  std::vector<network_record> out;
  for (const std::string& file : file::list_at(where.root_fd(), definitions_directory)) {
    if (!file.ends_with(suffix) || file.starts_with('.')) continue;
    if (auto n = read_definition(where, file.substr(0, file.size() - std::strlen(suffix))))
      out.push_back(std::move(*n));
  }
  return out;
}

std::vector<nl::subnet> subnets_of(const std::vector<network_record>& networks) {
  std::vector<nl::subnet> out;
  for (const network_record& n : networks) {
    if (const auto range = parse_subnet(n.subnet)) out.push_back(*range);
  }
  return out;
}

}  // namespace lxr::network
