// SPDX-License-Identifier: Apache-2.0
#include "core/model/container_config.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/record.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"

namespace lxr {
namespace {

std::string config_path(const std::string& id) { return "containers/" + id + "/config.json"; }

// One flat object.
template <class Format, json::same_struct<container_config> T>
void describe(Format& f, T& v) {
  f("id", v.id);
  f("name", v.name);
  f("image", v.image);
  f("imageId", v.image_id);
  f("created", v.created_ns);
  describe(f, v.process);
  describe(f, v.resources);
  describe(f, v.rootfs);
  describe(f, v.network);
  describe(f, v.namespaces);
  describe(f, v.security);
  describe(f, v.storage);
  describe(f, v.lifecycle);
}

}  // namespace

void save(const instance& where, const container_config& c) {
  json::field_writer writer;
  describe(writer, c);
  file::replace_at(where.root_fd(), config_path(c.id), record::text_of(writer.take()));
}

container_config load_config(const instance& where, const std::string& id) {
  const std::string document = config_path(id);
  const auto text = file::read_at(where.root_fd(), document);
  if (!text)
    throw error(errc::not_found, "find container", '"' + short_id(id) + '"', "no container with that id exists");
  const json::object o = record::read(*text, document);
  container_config c;
  json::field_reader reader(o, "", document, errc::corrupt);
  describe(reader, c);
  c.id = id;
  return c;
}

task<container_config> config_of(const instance& where, std::string id) {
  try {
    co_return load_config(where, id);
  } catch (const error& e) {
    if (e.code() != errc::not_found) throw;
  }
  const container_lock made = co_await lock_container(where, id);
  co_return load_config(where, id);
}

}  // namespace lxr
