// SPDX-License-Identifier: Apache-2.0
#include "core/oci/manifest.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace lxr::oci {
namespace {

descriptor to_descriptor(const json::object& o) {
  descriptor d;
  d.media_type = json::get_string(o, "mediaType");
  d.content = digest::parse(json::get_string(o, "digest"));
  const auto size = json::get_int(o, "size", -1);
  if (size < 0) throw error(errc::corrupt, "use descriptor", d.content.str(), "its size is missing or negative");
  d.size = static_cast<std::uint64_t>(size);
  return d;
}

const json::object& as_object(const json::value& v, std::string_view subject) {
  if (!v.is_object())
    throw error(errc::corrupt, "read manifest", std::string(subject), "a descriptor is not an object");
  return v.get_object();
}

manifest to_manifest(const json::object& o, std::string_view subject) {
  manifest m;
  const json::object* config = json::find_object(o, "config");
  const json::array* layers = json::find_array(o, "layers");
  if (config == nullptr || layers == nullptr) {
    throw error(errc::corrupt, "read manifest", std::string(subject), "config or layers are missing");
  }
  m.config = to_descriptor(*config);
  for (const json::value& layer : *layers) m.layers.push_back(to_descriptor(as_object(layer, subject)));
  if (m.layers.size() > layers_limit) {
    throw error(errc::exhausted, "read manifest", std::string(subject), "it has more than 500 layers");
  }
  return m;
}

index to_index(const json::array& manifests, std::string_view subject) {
  index out;
  for (const json::value& v : manifests) {
    const json::object& o = as_object(v, subject);
    index::entry e{to_descriptor(o), {}, {}, {}};
    if (const json::object* p = json::find_object(o, "platform")) {
      e.target = {json::get_string(*p, "os"), json::get_string(*p, "architecture"), json::get_string(*p, "variant")};
    }
    if (const json::object* notes = json::find_object(o, "annotations")) {
      e.tag = json::get_string(*notes, "org.opencontainers.image.ref.name");
      e.image_name = json::get_string(*notes, "io.containerd.image.name");
    }
    out.entries.push_back(std::move(e));
  }
  return out;
}

}  // namespace

namespace {

std::variant<manifest, index> parse(std::string_view text, std::string_view subject) {
  const json::object o = json::parse_object(text, subject);
  const json::array* manifests = json::find_array(o, "manifests");
  const bool has_layers = o.if_contains("layers") != nullptr;
  if (json::get_int(o, "schemaVersion", 2) == 1) {
    throw error(errc::unsupported, "read manifest", std::string(subject), "Docker image manifest schema 1 is obsolete",
                "push the image again with a current tool");
  }
  if (manifests != nullptr && has_layers) {
    throw error(errc::corrupt, "read manifest", std::string(subject), "it claims to be both a manifest and an index");
  }
  if (manifests != nullptr) return to_index(*manifests, subject);
  return to_manifest(o, subject);
}

}  // namespace

std::variant<manifest, index> parse_manifest(std::string_view text, std::string_view subject) {
  return json::reading(subject, [&] { return parse(text, subject); });
}

compression layer_compression(const descriptor& layer) {
  const std::string_view type = layer.media_type;
  if (type.ends_with("tar+gzip") || type.ends_with("tar.gzip")) return compression::gzip;
  if (type.ends_with("tar+zstd") || type.ends_with("tar.zstd")) return compression::zstd;
  if (type.ends_with(".tar") || type.ends_with("layer.v1.tar")) return compression::none;
  throw error(errc::unsupported, "unpack layer", layer.content.str(), "its media type is \"" + layer.media_type + '"',
              "lxr unpacks tar, tar+gzip and tar+zstd layers");
}

std::string_view host_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "name this architecture in OCI's words"
#endif
}

std::string_view accepted_manifest_types() {
  return "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
         "application/vnd.docker.distribution.manifest.list.v2+json, "
         "application/vnd.docker.distribution.manifest.v2+json";
}

}  // namespace lxr::oci
