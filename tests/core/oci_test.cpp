// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/oci/digest.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/manifest.hpp"
#include "core/oci/reference.hpp"
#include "core/oci/runtime_spec/defaults.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::oci {
namespace {

const std::string a64(64, 'a');

TEST(digest, only_sha256_in_lower_case_hex) {
  EXPECT_EQ(digest::parse("sha256:" + a64).hex(), a64);
  for (const std::string bad : {"", "sha256:", "sha256:../../x", "sha512:aa"})
    EXPECT_THROW(digest::parse(bad), error) << bad;
  EXPECT_THROW(digest::parse("sha256:" + std::string(64, 'A')), error);
  EXPECT_THROW(digest::parse("sha256:" + a64 + "a"), error);
}

struct spelling {
  const char *typed, *canonical, *familiar;
};

TEST(reference, reads_names_as_docker_users_type_them) {
  for (const auto& [typed, canonical, familiar] : std::initializer_list<spelling>{
           {"golang", "docker.io/library/golang:latest", "golang:latest"},
           {"golang:1.22", "docker.io/library/golang:1.22", "golang:1.22"},
           {"me/app", "docker.io/me/app:latest", "me/app:latest"},
           {"docker.io/library/golang", "docker.io/library/golang:latest", "golang:latest"},
           {"127.0.0.1:5000/golang:x", "127.0.0.1:5000/golang:x", "127.0.0.1:5000/golang:x"},
           {"localhost/a/b", "localhost/a/b:latest", "localhost/a/b:latest"},
           {"ghcr.io/a/b__c:V1", "ghcr.io/a/b__c:V1", "ghcr.io/a/b__c:V1"},
           {"oci:/x/y:t", "oci:/x/y:t", "oci:/x/y:t"},
           {"oci:/x/y", "oci:/x/y", "oci:/x/y"}}) {
    const reference r = reference::parse(typed);
    EXPECT_EQ(r.canonical(), canonical);
    EXPECT_EQ(r.familiar(), familiar);
  }
  const reference pinned = reference::parse("a@sha256:" + a64);
  EXPECT_EQ(pinned.tag, "");
  EXPECT_EQ(pinned.content.hex(), a64);
}

// Issue 11, 2.10 and 3.13.
TEST(reference, names_of_images_in_layouts_hold_slashes_and_colons) {
  const reference r = reference::parse("oci:./dir:docker.io/library/foo:1.2");
  EXPECT_EQ(r.repository, "./dir");
  EXPECT_EQ(r.tag, "docker.io/library/foo:1.2");
  const std::string with_digest = "oci:/x/y@sha256:" + a64, with_both = "oci:/x:t@sha256:" + a64;
  EXPECT_EQ(reference::parse(with_digest).content.hex(), a64);
  EXPECT_EQ(reference::parse(with_digest).repository, "/x/y");
  EXPECT_EQ(reference::parse(with_both).tag, "t");
  for (const std::string& name : {r.canonical(), with_digest, with_both})
    EXPECT_EQ(reference::parse(reference::parse(name).canonical()).canonical(), name);
  for (const char* bad :
       {"oci::x", "oci:d:", "oci:d:-x", "oci:d:x y", "oci:d@sha256:1", "oci:@sha256:1", "oci:d:\x1b[2J"})
    EXPECT_THROW(reference::parse(bad), error) << bad;
}

TEST(reference, refuses_what_is_no_name) {
  for (const char* bad :
       {"", "Golang", "a//b", "a/", "/a", "a:", "a:b/c:", "-a", "a..b", "a@sha256:1", "oci:", "a b", "a:x y", "../a"}) {
    EXPECT_THROW(reference::parse(bad), error) << bad;
  }
}

TEST(reference, knows_loopback) {
  EXPECT_TRUE(reference::parse("127.0.0.1:5000/a").is_loopback());
  EXPECT_TRUE(reference::parse("localhost:1/a").is_loopback());
  EXPECT_TRUE(reference::parse("127.9.9.9/a").is_loopback());
  EXPECT_TRUE(reference::parse("[::1]:5000/a").is_loopback());
  for (const char* name : {"127.0.0.1.evil.tld/a", "127.evil.tld:5000/a", "localhost.evil.tld/a"})
    EXPECT_FALSE(reference::parse(name).is_loopback()) << name;
  EXPECT_FALSE(reference::parse("10.0.0.1:5000/a").is_loopback());
  EXPECT_FALSE(reference::parse("golang").is_loopback());
}

std::string manifest_text(const std::string& layers) {
  return R"({"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:)" + a64 + R"(","size":1},"layers":[)" +
         layers + "]}";
}

TEST(manifest, reads_layers_and_their_compression) {
  const auto parsed =
      parse_manifest(manifest_text(R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":"sha256:)" +
                                   a64 + R"(","size":9})"),
                     "x");
  const auto& m = std::get<manifest>(parsed);
  ASSERT_EQ(m.layers.size(), 1u);
  EXPECT_EQ(m.layers[0].size, 9u);
  EXPECT_EQ(layer_compression(m.layers[0]), compression::zstd);
  EXPECT_EQ(layer_compression({"application/vnd.docker.image.rootfs.diff.tar.gzip", {}, 0}), compression::gzip);
  EXPECT_EQ(layer_compression({"application/vnd.oci.image.layer.v1.tar", {}, 0}), compression::none);
  EXPECT_THROW(layer_compression({"application/octet-stream", {}, 0}), error);
}

TEST(manifest, refuses_confusing_documents) {
  for (const std::string& bad :
       {std::string("{}"), std::string("[]"), std::string(R"({"schemaVersion":1,"fsLayers":[]})"),
        std::string(R"({"schemaVersion":2,"manifests":[],"layers":[]})"),
        manifest_text(R"({"digest":"sha256:zz","size":1})"),
        manifest_text(R"({"digest":"sha256:)" + a64 + R"(","size":-1})"), manifest_text(R"("x")")}) {
    EXPECT_THROW(parse_manifest(bad, "x"), error) << bad;
  }
}

// Issue 11, 2.16.
TEST(manifest, every_error_names_the_document) {
  const auto expect_named = [](auto parse) {
    try {
      parse();
      ADD_FAILURE();
    } catch (const error& e) {
      EXPECT_NE(std::string(e.what()).find("some/app:1"), std::string::npos) << e.what();
    }
  };
  for (const std::string& bad :
       {std::string("{"), std::string(R"({"schemaVersion":"x"})"), std::string(R"({"schemaVersion":2,"manifests":7})"),
        manifest_text(R"({"digest":"sha256:zz","size":1})"), manifest_text(R"({"digest":7})"), manifest_text("7")}) {
    expect_named([&] { parse_manifest(bad, "some/app:1"); });
  }
  for (const char* bad :
       {"", "{}", R"({"os":7})", R"({"config":[]})", R"({"config":{"Env":[1]}})", R"({"rootfs":{"diff_ids":["x"]}})"}) {
    expect_named([&] { image_config::parse(bad, "config of some/app:1"); });
  }
}

TEST(index, chooses_the_platform_and_lists_what_there_is_otherwise) {
  const auto parsed = parse_manifest(R"({"schemaVersion":2,"manifests":[
      {"digest":"sha256:)" + a64 + R"(","size":1,"platform":{"os":"linux","architecture":"arm64","variant":"v8"}},
      {"digest":"sha256:)" + std::string(64, 'b') +
                                         R"(","size":1,"platform":{"os":"linux","architecture":"amd64"}}]})",
                                     "x");
  const auto& i = std::get<index>(parsed);
  EXPECT_EQ(choose(i, platform::parse("amd64"), "x").manifest.content.hex(), std::string(64, 'b'));
  try {
    choose(i, platform::parse("riscv64"), "img");
    FAIL();
  } catch (const error& e) {
    EXPECT_NE(std::string(e.what()).find("linux/arm64/v8, linux/amd64"), std::string::npos) << e.what();
  }
}

// The place, counted from 0, of the entry that is chosen among these platforms; -1: none.
int chosen(const std::vector<platform>& offered, const char* wanted) {
  index i;
  for (std::size_t n = 0; n < offered.size(); ++n)
    i.entries.push_back(
        {{"", digest::from_hex(std::string(63, '0') + static_cast<char>('0' + n)), 1}, offered[n], {}, {}});
  try {
    return choose(i, platform::parse(wanted), "x").manifest.content.hex().back() - '0';
  } catch (const error&) {
    return -1;
  }
}

// Issue 11, 2.9.
TEST(index, chooses_the_entry_that_fits_best) {
  EXPECT_EQ(chosen({{}, {"linux", "amd64", ""}}, "amd64"), 1);  // what says nothing comes last
  EXPECT_EQ(chosen({{"linux", "arm64", ""}, {}}, "amd64"), 1);
  EXPECT_EQ(chosen({{"linux", "amd64", "v3"}, {"linux", "amd64", ""}}, "amd64"), 1);
  EXPECT_EQ(chosen({{"linux", "amd64", "v3"}, {"linux", "amd64", "v2"}}, "amd64"), 1);
  EXPECT_EQ(chosen({{"linux", "amd64", "v3"}, {"linux", "amd64", "v2"}, {"linux", "amd64", ""}}, "amd64/v2"), 1);
  EXPECT_EQ(chosen({{"linux", "arm", "v5"}, {"linux", "arm", "v6"}, {"linux", "arm", "v7"}}, "arm"), 2);
  EXPECT_EQ(chosen({{"linux", "arm", "v5"}, {"linux", "arm", "v6"}, {"linux", "arm", "v7"}}, "arm/v6"), 1);
  EXPECT_EQ(chosen({{"linux", "arm", "v7"}}, "arm/v6"), -1);
  EXPECT_EQ(chosen({{"linux", "arm64", "v9"}, {"linux", "arm64", "v8"}}, "arm64"), 1);
  EXPECT_EQ(chosen({{"linux", "aarch64", ""}, {"linux", "x86_64", ""}}, "amd64"), 1);
  EXPECT_EQ(chosen({{"linux", "arm64", ""}, {"linux", "amd64", ""}}, "aarch64"), 0);
  EXPECT_EQ(chosen({{"windows", "amd64", ""}, {"linux", "amd64", ""}}, "amd64"), 1);
  EXPECT_EQ(chosen({{"windows", "amd64", ""}, {"unknown", "unknown", ""}}, "amd64"), -1);
  EXPECT_EQ(chosen({{"", "amd64", ""}}, "amd64"), 0);
}

TEST(platform, reads_what_users_and_tools_write) {
  for (const auto& [typed, meant] :
       std::initializer_list<std::pair<const char*, const char*>>{{"amd64", "linux/amd64"},
                                                                  {"x86_64", "linux/amd64"},
                                                                  {"aarch64", "linux/arm64"},
                                                                  {"linux/arm64/v8", "linux/arm64/v8"},
                                                                  {"arm/v7", "linux/arm/v7"},
                                                                  {"arm/7", "linux/arm/v7"},
                                                                  {"armhf", "linux/arm"},
                                                                  {"windows/amd64", "windows/amd64"},
                                                                  {"AMD64", "linux/amd64"}}) {
    EXPECT_EQ(platform::parse(typed).str(), meant) << typed;
  }
  for (const char* bad : {"", "/", "amd64/", "/amd64", "a/b/c/d", "linux//v7"})
    EXPECT_THROW(platform::parse(bad), error) << bad;
}

TEST(image_config, reads_what_containers_need) {
  const auto c =
      image_config::parse(R"({"architecture":"amd64","os":"linux","config":{"User":"app","Entrypoint":["/e"],"Cmd":null,
      "Env":["A=b"],"WorkingDir":"/w","StopSignal":"SIGUSR1","Labels":{"k":"v"}},
      "rootfs":{"type":"layers","diff_ids":["sha256:)" +
                              a64 + R"("]}})",
                          "x");
  EXPECT_EQ(c.user, "app");
  EXPECT_EQ(c.entrypoint, std::vector<std::string>{"/e"});
  EXPECT_TRUE(c.cmd.empty());
  EXPECT_EQ(c.labels.at("k"), "v");
  EXPECT_EQ(c.diff_ids.size(), 1u);
  EXPECT_THROW(image_config::parse("{}", "x"), error);
}

// Issue 11, 1.20.
TEST(runtime_spec, counters_of_temperature_are_masked_for_every_processor) {
  const test::temp_directory cpus;
  EXPECT_TRUE(thermal_throttle_paths(cpus.path()).empty());
  for (const char* directory : {"cpu0/thermal_throttle", "cpu1", "cpu2/thermal_throttle"})
    file::make_directories(cpus.path() + "/" + directory);
  EXPECT_EQ(thermal_throttle_paths(cpus.path()),
            (std::vector<std::string>{cpus.path() + "/cpu0/thermal_throttle", cpus.path() + "/cpu2/thermal_throttle"}));
}

}  // namespace
}  // namespace lxr::oci
