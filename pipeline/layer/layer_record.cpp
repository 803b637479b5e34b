// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_record.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/record.hpp"

namespace lxr::layer {

std::string text_of(const layer_record& r) {
  json::object o{{"driver", to_string(r.driver)}, {"size", static_cast<std::int64_t>(r.bytes)}};
  if (r.tar_bytes) o["tar"] = static_cast<std::int64_t>(*r.tar_bytes);
  o["blob"] = r.blob;
  return record::text_of(std::move(o));
}

std::optional<layer_record> read_layer_record(int directory, const std::string& path) {
  const std::string document = path + "/" + record_file;
  const auto text = file::read_at(directory, document);
  if (!text) return std::nullopt;
  const json::object o = record::read(*text, document);
  layer_record out;
  if (json::get_string(o, "driver") == to_string(store_driver::erofs)) out.driver = store_driver::erofs;
  out.bytes = static_cast<std::uint64_t>(json::get_int(o, "size"));
  if (o.contains("tar")) out.tar_bytes = static_cast<std::uint64_t>(json::get_int(o, "tar"));
  out.blob = json::get_string(o, "blob");
  return out;
}

}  // namespace lxr::layer
