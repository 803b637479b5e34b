// SPDX-License-Identifier: Apache-2.0
// The records under tests/records are what lxr wrote when only those of containers had a version, byte for byte: a
// later lxr reads them. What an even later one writes, it refuses.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/instance/number_pool.hpp"
#include "core/model/container_spec.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/layer/layer_record.hpp"
#include "pipeline/network/layout.hpp"
#include "pipeline/store/check.hpp"
#include "pipeline/store/prune.hpp"
#include "pipeline/store/store.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr {
namespace {

const std::string box = "401047059baead66c9cfd3f341aa700ded7649610684f50600041eb2181c3f1b",
                  gone = "ce87f7eaf2ef40865b16546c1b42a541119a29926e71e608f4b810da05e33ce3",
                  layer_hex = "e0fab67b16bb902ee613ba8616a5291a21bdcad2d94e44204f310f2aafde3547",
                  name_file = "oci:%2Ftmp%2Fsmall:small", addresses = "networks/bridge/addresses";

struct kept_records : test::state_fixture {
  store::image_store images{where};

  void SetUp() override {
    using std::filesystem::copy_options;
    for (const char* directory : {"/root", "/state"}) {
      std::filesystem::copy(std::string(LXR_SOURCE_DIR "/tests/records") + directory, dir.path() + directory,
                            copy_options::recursive | copy_options::overwrite_existing);
    }
  }

  number_pool open_addresses() const { return number_pool::open(where.state_fd(), addresses, 2, 65535); }

  // Gives the record a version that nobody knows, and expects that `use` is refused by its name.
  void expect_newer_is_refused(int directory, const std::string& path, const std::function<void()>& use) const {
    json::object record = json::parse_record(file::read_at(directory, path).value(), path);
    record["version"] = 99;
    const std::string text = json::dump(record);
    file::replace_at(directory, path, text);
    try {
      use();
      ADD_FAILURE() << path << " was used";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::unsupported) << e.what();
      for (const std::string& word : {path, std::string("a newer lxr"), std::string("use that lxr")})
        EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
    EXPECT_EQ(file::read_at(directory, path), text) << "nothing writes over it";
  }
};

TEST_F(kept_records, containers_are_read) {
  const container_config config = load_config(where, box);
  EXPECT_EQ(config.name, "box");
  EXPECT_EQ(config.network.hostname, "inside");
  EXPECT_EQ(config.lifecycle.labels.at("k"), "v");
  EXPECT_EQ(load_spec(where, box).value().process->args, (std::vector<std::string>{"sleep", "100"}));
  const container_state raw = load_raw_state(where, box);
  EXPECT_EQ(raw.status, container_status::running);
  ASSERT_EQ(raw.networks.size(), 1u);
  EXPECT_EQ(raw.address(), "10.100.0.2");
  EXPECT_EQ(raw.networks[0].directory, "networks/bridge");
  EXPECT_GT(raw.init.start_time, 0u);
  EXPECT_EQ(load_state(where, box).status, container_status::exited) << "its process is not of this boot";
  const container_state ended = load_state(where, gone);
  EXPECT_EQ(ended.status, container_status::exited);
  EXPECT_EQ(ended.exit_code, 3);
}

TEST_F(kept_records, names_and_layers_are_read) {
  const auto found = images.find("oci:/tmp/small:small");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "8d46c0502a54a8278e1e2fb83fd64f973dc6b403beb15787299343d28096494a");
  EXPECT_GT(found->pulled_ns, 0);
  const auto record = layer::read_layer_record(where.root_fd(), "layers/" + layer_hex);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->driver, layer::store_driver::erofs);
  EXPECT_EQ(record->bytes, 1982438u);
  EXPECT_EQ(record->tar_bytes, 2140160u);
  EXPECT_EQ(images.layer_size(oci::digest::parse("sha256:" + layer_hex)), 1982438u);
}

TEST_F(kept_records, the_network_is_read) {
  const auto made = network::saved_layout(where, "networks/bridge");
  ASSERT_TRUE(made);
  EXPECT_EQ(io::netlink::to_string(made->range.base), "10.100.0.0");
  EXPECT_EQ(made->range.prefix, 16);
  number_pool pool = open_addresses();
  EXPECT_EQ(pool.sweep({owner_of(box)}), 1u) << "the container still has its address";
  pool.give_back(2, owner_of(box));
  EXPECT_EQ(pool.sweep({owner_of(box)}), 0u);
}

TEST_F(kept_records, what_is_written_carries_a_version) {
  const auto version_of = [](int directory, const std::string& path) {
    return json::get_int(json::parse_record(file::read_at(directory, path).value(), path), "version");
  };
  images.tag(oci::reference::parse("app"), std::string(64, '1'), "", "", false);
  EXPECT_EQ(version_of(where.root_fd(), "refs/docker.io%2Flibrary%2Fapp:latest"), 1);
  const json::object layer =
      json::parse_object(layer::text_of({layer::store_driver::erofs, 1, 2, "sha256:1"}), "layer");
  EXPECT_EQ(json::get_int(layer, "version"), 1);
  EXPECT_EQ(json::get_int(layer, "tar"), 2);
}

TEST_F(kept_records, those_of_a_newer_lxr_are_refused_by_name) {
  expect_newer_is_refused(where.root_fd(), "containers/" + box + "/config.json", [&] { load_config(where, box); });
  expect_newer_is_refused(where.state_fd(), "containers/" + box + "/state.json", [&] { load_state(where, box); });
  expect_newer_is_refused(where.root_fd(), "containers/" + gone + "/state.json", [&] { load_state(where, gone); });
  expect_newer_is_refused(where.root_fd(), "layers/" + layer_hex + "/layer.json",
                          [&] { (void)images.layer_size(oci::digest::parse("sha256:" + layer_hex)); });
  expect_newer_is_refused(where.state_fd(), "networks/bridge/network.json",
                          [&] { network::saved_layout(where, "networks/bridge"); });
  const std::string name = "refs/" + name_file;
  expect_newer_is_refused(where.root_fd(), name, [&] { (void)images.find("oci:/tmp/small:small"); });
  expect_newer_is_refused(where.root_fd(), name, [&] { (void)images.list(); });
}

// A name that cannot be read for this reason still means an image: it must not look unused.
TEST_F(kept_records, a_name_of_a_newer_lxr_keeps_prune_from_removing_anything) {
  const auto layers = file::list_at(where.root_fd(), "layers");
  expect_newer_is_refused(where.root_fd(), "refs/" + name_file, [&] { store::prune(where, true); });
  EXPECT_EQ(file::list_at(where.root_fd(), "layers"), layers);
}

TEST_F(kept_records, a_check_reports_those_of_a_newer_lxr_and_repairs_nothing_of_them) {
  for (const std::string& path : {"refs/" + name_file, "layers/" + layer_hex + "/layer.json"})
    file::replace_at(where.root_fd(), path, R"({"version":99})");
  std::map<std::string, store::finding> found;
  store::check_store(where, true, [&](const store::finding& f) { found[f.object] = f; });
  for (const std::string& object : {"name " + name_file, "layer " + layer_hex.substr(0, 12)}) {
    ASSERT_TRUE(found.contains(object)) << object;
    EXPECT_NE(found[object].problem.find("a newer lxr"), std::string::npos) << found[object].problem;
    EXPECT_EQ(found[object].repair, "");
  }
  EXPECT_TRUE(file::read_at(where.root_fd(), "refs/" + name_file));
}

TEST_F(kept_records, addresses_in_another_format_are_refused_and_stay) {
  // Where the header has its format: after the two counters.
  const auto write_format = [&](std::uint64_t format) {
    const unique_fd fd = file::open_at(where.state_fd(), addresses, O_RDWR);
    ASSERT_EQ(::pwrite(fd.get(), &format, sizeof format, 8), 8);
  };
  const auto refusal = [&] {
    try {
      open_addresses();
    } catch (const error& e) {
      return e.code();
    }
    return std::error_code();
  };
  EXPECT_EQ(refusal(), std::error_code());  // gives it version 1
  std::uint64_t format = 0;
  const unique_fd fd = file::open_at(where.state_fd(), addresses, O_RDWR);
  ASSERT_EQ(::pread(fd.get(), &format, sizeof format, 8), 8);
  EXPECT_EQ(format & 0xffffffff, 1u);
  write_format(format + 1);
  const auto before = file::read_at(where.state_fd(), addresses);
  EXPECT_EQ(refusal(), errc::unsupported);
  EXPECT_EQ(file::read_at(where.state_fd(), addresses), before);
  write_format(12345);
  EXPECT_EQ(refusal(), errc::corrupt);
}

}  // namespace
}  // namespace lxr
