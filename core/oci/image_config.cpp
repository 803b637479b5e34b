// SPDX-License-Identifier: Apache-2.0
#include "core/oci/image_config.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace lxr::oci {
namespace {

image_config read_config(std::string_view text, std::string_view subject) {
  const json::object o = json::parse_object(text, subject);
  image_config c;
  c.architecture = json::get_string(o, "architecture");
  c.os = json::get_string(o, "os");
  c.created = json::get_string(o, "created");
  if (const json::object* config = json::find_object(o, "config")) {
    c.user = json::get_string(*config, "User");
    c.working_dir = json::get_string(*config, "WorkingDir");
    c.stop_signal = json::get_string(*config, "StopSignal");
    c.entrypoint = json::get_strings(*config, "Entrypoint");
    c.cmd = json::get_strings(*config, "Cmd");
    c.env = json::get_strings(*config, "Env");
    c.labels = json::get_string_map(*config, "Labels");
    if (const json::object* ports = json::find_object(*config, "ExposedPorts")) {
      for (const auto& port : *ports) c.exposed_ports.emplace_back(port.key());
    }
    if (const json::object* volumes = json::find_object(*config, "Volumes")) {
      for (const auto& volume : *volumes) c.volumes.emplace_back(volume.key());
    }
  }
  if (const json::array* history = json::find_array(o, "history")) {
    for (const json::value& v : *history) {
      if (!v.is_object())
        throw error(errc::corrupt, "read image config", std::string(subject), "its history is damaged");
      const json::object& s = v.as_object();
      c.history.push_back({json::get_string(s, "created"), json::get_string(s, "created_by"),
                           json::get_string(s, "comment"), json::get_bool(s, "empty_layer")});
    }
  }
  const json::object* rootfs = json::find_object(o, "rootfs");
  if (rootfs == nullptr) throw error(errc::corrupt, "read image config", std::string(subject), "rootfs is missing");
  for (const std::string& diff_id : json::get_strings(*rootfs, "diff_ids"))
    c.diff_ids.push_back(digest::parse(diff_id));
  return c;
}

}  // namespace

image_config image_config::parse(std::string_view text, std::string_view subject) {
  return json::reading(subject, [&] { return read_config(text, subject); });
}

}  // namespace lxr::oci
