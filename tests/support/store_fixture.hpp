// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "pipeline/layer/layer_record.hpp"
#include "pipeline/store/commit.hpp"
#include "pipeline/store/store.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr::test {

// A store with images whose layers hold one file each. Ids and diff-ids are repetitions of one hex digit, so that a
// test can name them; nothing checks here that they are digests of anything.
struct store_fixture : state_fixture {
  store::image_store images{where};

  static std::string hex(char digit) { return std::string(64, digit); }
  static oci::digest digest(char digit) { return oci::digest::from_hex(hex(digit)); }

  // Stages and commits a layer whose blob and diff-id have the same digit. Returns what commit_layer() says.
  bool commit_layer(char digit, const std::string& content = "x") const {
    const auto staged = images.begin();
    file::make_directory_at(staged.directory.get(), hex(digit));
    file::make_directory_at(staged.directory.get(), hex(digit) + "/root");
    file::replace_at(staged.directory.get(), hex(digit) + "/root/file", content);
    const layer::layer_record record{layer::store_driver::directories, content.size(), 0, "sha256:" + hex(digit)};
    file::replace_at(staged.directory.get(), hex(digit) + "/layer.json", layer::text_of(record));
    const bool ours = store::commit_layer(images, staged, digest(digit), digest(digit));
    images.discard(staged);
    return ours;
  }

  // Commits an image with these layers, which it makes where they are missing; names it unless `name` is empty.
  bool commit_image(char id, const std::string& layers, const std::string& name = {}) const {
    json::array diff_ids, blobs;
    for (const char l : layers) {
      if (!images.has_layer(digest(l))) commit_layer(l);
      diff_ids.emplace_back(digest(l).str());
      blobs.emplace_back(json::object{
          {"mediaType", "application/vnd.oci.image.layer.v1.tar"}, {"digest", digest(l).str()}, {"size", 10}});
    }
    const json::object config{{"architecture", "amd64"},
                              {"os", "linux"},
                              {"rootfs", json::object{{"type", "layers"}, {"diff_ids", diff_ids}}}};
    const json::object manifest{{"schemaVersion", 2},
                                {"config", json::object{{"mediaType", "application/vnd.oci.image.config.v1+json"},
                                                        {"digest", digest(id).str()},
                                                        {"size", 10}}},
                                {"layers", blobs}};
    const auto staged = images.begin();
    file::make_directory_at(staged.directory.get(), "image");
    file::replace_at(staged.directory.get(), "image/config.json", json::dump(config));
    file::replace_at(staged.directory.get(), "image/manifest.json", json::dump(manifest));
    const bool ours = store::commit_image(images, staged, "image", hex(id));
    images.discard(staged);
    if (!name.empty()) tag(name, id);
    return ours;
  }

  void tag(const std::string& name, char id) const {
    images.tag(oci::reference::parse(name), hex(id), digest('e').str(), digest('f').str(), false);
  }

  std::string make_container_of(char image, const std::string& name) {
    container_config c;
    c.id = make_container(name);
    c.name = name;
    c.image_id = hex(image);
    save(where, c);
    return c.id;
  }
};

}  // namespace lxr::test
