// SPDX-License-Identifier: Apache-2.0
#include "tests/support/image_layout.hpp"

#include <fcntl.h>

#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {

std::string write_layout(const std::string& directory, const std::vector<std::string>& tars) {
  const std::string blobs = directory + "/blobs/sha256";
  file::make_directories(blobs);
  const auto blob = [&](const std::string& type, const std::string& bytes) {
    file::replace_at(AT_FDCWD, blobs + "/" + sha256_of(bytes).substr(7), bytes, 0644);
    return json::object{
        {"mediaType", "application/vnd.oci.image." + type}, {"digest", sha256_of(bytes)}, {"size", bytes.size()}};
  };
  json::array diff_ids, layers;
  for (const std::string& tar : tars) {
    diff_ids.emplace_back(sha256_of(tar));
    layers.emplace_back(blob("layer.v1.tar+gzip", gzip(tar)));
  }
  const json::object config{{"architecture", "amd64"},
                            {"os", "linux"},
                            {"config", json::object{{"Cmd", json::array{"true"}}}},
                            {"rootfs", json::object{{"type", "layers"}, {"diff_ids", diff_ids}}}};
  const json::object manifest{{"schemaVersion", 2},
                              {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                              {"config", blob("config.v1+json", json::dump(config))},
                              {"layers", layers}};
  json::object entry = blob("manifest.v1+json", json::dump(manifest));
  entry["annotations"] = json::object{{"org.opencontainers.image.ref.name", "odd"}};
  file::replace_at(AT_FDCWD, directory + "/index.json",
                   json::dump(json::object{{"schemaVersion", 2}, {"manifests", json::array{entry}}}), 0644);
  file::replace_at(AT_FDCWD, directory + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})", 0644);
  return "oci:" + directory + ":odd";
}

}  // namespace lxr::test
