// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

class store_care : public installation {
 protected:
  std::vector<std::string> entries(const std::string& directory) const {
    return file::list_at(AT_FDCWD, root_ + "/" + directory);
  }
  void expect_empty_store() const {
    for (const char* d : {"layers", "blobs", "images", "refs", "ingest", "trash", "containers"})
      EXPECT_TRUE(entries(d).empty()) << d;
  }
  static void flip_bit(const std::string& path, off_t at) {
    const unique_fd fd = file::open_at(AT_FDCWD, path, O_RDWR);
    char c = 0;
    ASSERT_EQ(::pread(fd.get(), &c, 1, at), 1) << path;
    c = static_cast<char>(c ^ 4);
    ASSERT_EQ(::pwrite(fd.get(), &c, 1, at), 1);
  }
  // The layer that holds a file of this size at least, so that there is something to damage.
  std::string layer_with(const std::string& file) const {
    for (const std::string& hex : entries("layers")) {
      const std::string directory = root_ + "/layers/" + hex;
      if (file::try_open_at(AT_FDCWD, directory + "/" + file, O_RDONLY)) return directory;
    }
    return {};
  }
};

TEST_F(store_care, rmi_takes_names_then_the_image_and_its_layers) {
  must({"pull", "-q", small_});
  must({"pull", "-q", registry() + "/small:config"});  // another image, of the same layers
  EXPECT_EQ(entries("images").size(), 2u);
  EXPECT_EQ(must({"rmi", small_}).rfind("Untagged: " + small_ + "\nDeleted: sha256:", 0), 0u);
  EXPECT_EQ(entries("layers").size(), 3u);
  EXPECT_EQ(must({"run", "--rm", "--network", "none", registry() + "/small:config", "there"}), "hello there\n");
  must({"image", "rm", registry() + "/small:config"});
  expect_empty_store();
  EXPECT_EQ(lxr({"rmi", small_}).code, 1);
  EXPECT_EQ(lxr({"rmi", "-f", small_}).code, 0);
}

TEST_F(store_care, an_id_with_several_names_needs_force) {
  must({"pull", "-q", small_});
  const std::string layout = "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small";
  must({"pull", "-q", layout});  // the same image by another way
  ASSERT_EQ(entries("images").size(), 1u);
  const std::string id = entries("images")[0];
  const outcome o = lxr({"rmi", id});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("rmi -f"), std::string::npos) << o.err;
  must({"rmi", "-f", id.substr(0, 12)});
  expect_empty_store();
}

TEST_F(store_care, what_a_container_uses_stays) {
  must({"pull", "-q", small_});
  must({"create", "--name", "user", "--network", "none", small_, "true"});
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"rmi", small_}, {"rmi", "-f", entries("images")[0]}}) {
    const outcome o = lxr(words);
    EXPECT_EQ(o.code, 2);
    EXPECT_NE(o.err.find("\"user\" uses it"), std::string::npos) << o.err;
  }
  EXPECT_EQ(must({"image", "prune", "-af"}), "Total reclaimed space: 0B\n");
  must({"start", "user"});
  EXPECT_TRUE(eventually([&] { return lxr({"inspect", "user"}).out.find("\"exited\"") != std::string::npos; }));
  const std::string out = must({"system", "prune", "-af"});
  EXPECT_NE(out.find("Deleted container: "), std::string::npos) << out;
  EXPECT_NE(out.find("Untagged: " + small_), std::string::npos) << out;
  expect_empty_store();
}

TEST_F(store_care, prune_without_all_takes_images_that_lost_their_name) {
  const std::string layouts = "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small";
  must({"pull", "-q", layouts});
  must({"pull", "-q", small_});
  EXPECT_EQ(must({"image", "prune", "-f"}), "Total reclaimed space: 0B\n");
  ASSERT_EQ(::unlink((root_ + "/refs/" + entries("refs")[0]).c_str()), 0);
  ASSERT_EQ(::unlink((root_ + "/refs/" + entries("refs")[0]).c_str()), 0);
  EXPECT_NE(must({"images"}).find("<none>"), std::string::npos);
  must({"image", "prune", "-f"});
  expect_empty_store();
}

TEST_F(store_care, nothing_is_pruned_without_a_yes) {
  must({"pull", "-q", small_});
  const outcome o = run_program(command({"image", "prune", "-a"}), {}, environment());
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.out.find("[y/N]"), std::string::npos) << o.out;
  EXPECT_EQ(entries("layers").size(), 3u);
}

TEST_F(store_care, check_finds_a_flipped_bit_and_a_pull_mends_it) {
  must({"pull", "-q", small_});
  EXPECT_EQ(must({"system", "check"}), "3 layers and 1 images checked, 0 problems, 0 repaired\n");
  const std::string layer = layer_with("data.tar");
  ASSERT_FALSE(layer.empty());
  flip_bit(layer + "/data.tar", 700);
  const outcome found = lxr({"system", "check"});
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(found.out.find("its data has changed"), std::string::npos) << found.out;
  const outcome repaired = lxr({"system", "check", "--repair"});
  EXPECT_NE(repaired.out.find("pull the images that need it again"), std::string::npos) << repaired.out;
  EXPECT_EQ(entries("layers").size(), 2u);
  const outcome run = lxr({"run", "--rm", "--network", "none", small_, "true"});
  EXPECT_EQ(run.code, 125);
  EXPECT_NE(run.err.find("pull the image again"), std::string::npos) << run.err;
  must({"pull", "-q", small_});
  EXPECT_EQ(must({"system", "check"}), "3 layers and 1 images checked, 0 problems, 0 repaired\n");
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/etc/image"}), "small\n");
}

TEST_F(store_care, check_takes_nothing_from_a_container) {
  set_variable("LXR_STORE_DRIVER", "directories");
  must({"pull", "-q", small_});
  must({"run", "-d", "--name", "user", "--network", "none", small_, "sleep", "1000"});
  flip_bit(layer_with("root/www/index.html") + "/root/www/index.html", 3);
  const outcome o = lxr({"system", "check", "--repair"});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.out.find("container \"user\" uses it"), std::string::npos) << o.out;
  EXPECT_EQ(entries("layers").size(), 3u);
  must({"exec", "user", "true"});
}

TEST_F(store_care, a_file_with_any_name_can_be_reported) {
  set_variable("LXR_STORE_DRIVER", "directories");
  registry_imposter server;
  const std::string tar = tar_builder().file("caf\xe9", "content").finish();
  server.publish(tar, gzip(tar));
  must({"pull", "-q", server.host() + "/app"});
  flip_bit(layer_with("root") + "/root/caf\xe9", 1);
  const outcome o = lxr({"system", "check"});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.out.find("caf\\xe9"), std::string::npos) << o.out << o.err;
}

TEST_F(store_care, a_name_that_was_half_written_is_none_and_goes) {
  must({"pull", "-q", small_});
  file::replace_at(AT_FDCWD, root_ + "/refs/half", *file::read_at(AT_FDCWD, root_ + "/refs/" + entries("refs")[0]),
                   0600);
  ASSERT_EQ(::rename((root_ + "/refs/half").c_str(), (root_ + "/refs/.tmp-0123456789abcdef").c_str()), 0);
  EXPECT_EQ(lxr({"system", "check"}).code, 0);
  must({"pull", "-q", registry() + "/small:config"});
  EXPECT_EQ(entries("refs").size(), 2u);
  must({"rmi", small_});
  EXPECT_EQ(entries("images").size(), 1u);
}

TEST_F(store_care, a_tag_of_any_form_keeps_its_image) {
  registry_imposter server;
  const std::string tar = tar_builder().file("f", "content").finish();
  const auto p = server.publish(tar, gzip(tar));
  server.on("/v2/app/manifests/build.tmp", {307, {{"Location", p.manifest_path}}, ""});
  must({"pull", "-q", server.host() + "/app:build.tmp"});
  must({"image", "prune", "-f"});
  EXPECT_EQ(entries("images").size(), 1u);
  EXPECT_NE(must({"images"}).find("build.tmp"), std::string::npos);
}

TEST_F(store_care, check_makes_indexes_anew) {
  must({"pull", "-q", small_});
  flip_bit(layer_with("index.erofs") + "/index.erofs", 2000);
  flip_bit(root_ + "/images/" + entries("images")[0] + "/index.erofs", 2000);
  EXPECT_EQ(lxr({"system", "check"}).code, 1);
  const outcome o = lxr({"system", "check", "--repair"});
  EXPECT_EQ(o.code, 0);
  EXPECT_NE(o.out.find("2 problems, 2 repaired"), std::string::npos) << o.out;
  EXPECT_EQ(must({"system", "check"}), "3 layers and 1 images checked, 0 problems, 0 repaired\n");
}

TEST_F(store_care, check_finds_a_changed_file_of_a_tree) {
  set_variable("LXR_STORE_DRIVER", "directories");
  must({"pull", "-q", small_});
  EXPECT_EQ(must({"system", "check"}), "3 layers and 1 images checked, 0 problems, 0 repaired\n");
  flip_bit(layer_with("root/www/index.html") + "/root/www/index.html", 3);
  const outcome o = lxr({"system", "check", "--repair"});
  EXPECT_NE(o.out.find("the content of \"www/index.html\" has changed"), std::string::npos) << o.out;
  must({"pull", "-q", small_});
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/www/index.html"}), "hello from small\n");
}

TEST_F(store_care, history_and_df_tell_sizes) {
  must({"pull", "-q", small_});
  const std::string history = must({"history", small_});
  EXPECT_EQ(std::count(history.begin(), history.end(), '\n'), 4) << history;
  EXPECT_NE(history.find("images.sh"), std::string::npos) << history;
  EXPECT_EQ(must({"history", "-q", small_}).size(), 3u * 13);
  const std::string df = must({"system", "df"});
  EXPECT_NE(df.find("RECLAIMABLE"), std::string::npos);
  EXPECT_NE(df.find("(100%)"), std::string::npos) << df;
  EXPECT_NE(must({"image", "inspect", small_}).find("\"RepoTags\""), std::string::npos);
  EXPECT_EQ(lxr({"image", "inspect", "nothing"}).code, 1);
}

}  // namespace
}  // namespace lxr::test
