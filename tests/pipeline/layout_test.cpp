// SPDX-License-Identifier: Apache-2.0
// OCI image layouts on disk: issue 11, 2.10.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/transfer/source.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::transfer {
namespace {

struct layouts : testing::Test {
  test::temp_directory dir;
  std::string descriptors;

  layouts() { file::make_directories(dir.path() + "/blobs/sha256"); }

  // Adds an image; returns its digest.
  std::string add(const std::string& text, const std::string& annotations = "{}", const std::string& more = "") {
    const std::string digest = test::sha256_of(text);
    std::ofstream(dir.path() + "/blobs/sha256/" + digest.substr(7)) << text;
    descriptors += (descriptors.empty() ? "" : ",") + std::string(R"({"digest":")") + digest + R"(","size":)" +
                   std::to_string(text.size()) + R"(,"annotations":)" + annotations + more + "}";
    std::ofstream(dir.path() + "/index.json") << R"({"schemaVersion":2,"manifests":[)" << descriptors << "]}";
    return digest;
  }
  std::string name(const std::string& behind = "") const { return "oci:" + dir.path() + behind; }
  // The digest of what it leads to, or the error's text.
  std::string top(const std::string& reference) {
    asio::io_context loop;
    worker_pool pool(1);
    try {
      const auto from = make_layout_source(pool, oci::reference::parse(reference));
      return run(loop, from->top()).content.str();
    } catch (const error& e) {
      return e.what();
    }
  }
};

std::string called(const std::string& name) { return R"({"org.opencontainers.image.ref.name":")" + name + "\"}"; }

TEST_F(layouts, the_only_image_needs_no_name) {
  const std::string one = add("1");
  EXPECT_EQ(top(name()), one);
  EXPECT_EQ(top(name("@" + one)), one);
}

TEST_F(layouts, of_several_images_none_is_taken_silently) {
  const std::string one = add("1", "{}", R"(,"platform":{"os":"linux","architecture":"amd64"})"), two = add("2");
  const std::string text = top(name());
  EXPECT_NE(text.find("several images"), std::string::npos) << text;
  for (const std::string& digest : {one, two}) {
    EXPECT_NE(text.find(digest), std::string::npos) << text;
    EXPECT_EQ(top(name("@" + digest)), digest);
  }
  EXPECT_NE(text.find("linux/amd64"), std::string::npos) << text;
}

TEST_F(layouts, names_are_those_of_annotations) {
  const std::string
      plain = add("1", called("t")),
      full = add("2", called("docker.io/library/foo:1.2")),
      saved =
          add("3", R"({"org.opencontainers.image.ref.name":"2","io.containerd.image.name":"docker.io/library/bar:2"})");
  EXPECT_EQ(top(name(":t")), plain);
  EXPECT_EQ(top(name(":docker.io/library/foo:1.2")), full);
  EXPECT_EQ(top(name(":docker.io/library/bar:2")), saved);
  EXPECT_EQ(top(name(":bar:2")), saved);
  EXPECT_EQ(top(name(":2")), saved);
  EXPECT_NE(top(name(":none")).find("it has: t, docker.io/library/foo:1.2, docker.io/library/bar:2"), std::string::npos)
      << top(name(":none"));
  add("4", called("t"));
  EXPECT_NE(top(name(":t")).find("several images called t"), std::string::npos);
}

TEST_F(layouts, what_is_no_file_is_not_opened) {
  const std::string one = add("1");
  const std::string blob = dir.path() + "/blobs/sha256/" + one.substr(7), index = dir.path() + "/index.json";
  const auto replace_by_fifo = [](const std::string& path) {
    ::unlink(path.c_str());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  };
  replace_by_fifo(blob);
  EXPECT_NE(top(name()).find("is not a regular file"), std::string::npos);
  {
    asio::io_context loop;
    worker_pool pool(1);
    const auto from = make_layout_source(pool, oci::reference::parse(name()));
    EXPECT_THROW(run(loop, from->blob({"", oci::digest::parse(one), 1}, blob_kind::layer)), error);
  }
  replace_by_fifo(index);
  EXPECT_NE(top(name()).find("is not a regular file"), std::string::npos);
  ::unlink(index.c_str());
  ASSERT_EQ(::symlink("/dev/zero", index.c_str()), 0);
  EXPECT_NE(top(name()).find("is not a regular file"), std::string::npos);
}

}  // namespace
}  // namespace lxr::transfer
