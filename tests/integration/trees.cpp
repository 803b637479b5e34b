// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/trees.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <thread>

#include "core/base/file.hpp"
#include "core/instance/paths.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::test {
namespace {

// Every name below a directory with type, mode, owner, size, times, link target, device and attributes, sorted. Hard
// links by the names that share an inode.
constexpr const char* listing = R"(
cd "$1" && find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%s|%T@|%l\n' |
sed -E 's/(\|d\|[^|]*\|[^|]*\|)[0-9]+/\1-/' | sort &&
find . -type f -links +1 -printf '%i %P\n' | sort |
awk '{ i=$1; $1=""; n[i]=n[i] $0 } END { for (k in n) if (split(n[k], x) > 1) print "links" n[k] }' | sort &&
find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort &&
find . -type f -exec getcap -n {} + 2>/dev/null | sort &&
find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
)";

std::string tree_of(const std::string& directory) {
  const outcome o = run_program({"/bin/bash", "-c", listing, "bash", directory});
  EXPECT_EQ(o.code, 0) << o.err;
  return o.out;
}

}  // namespace

outcome trees::with_mounted(const std::string& id, const std::string& directory,
                            const std::vector<std::string>& command) {
  const instance where = instance::open(root_, state_);
  const store::image_store images(where);
  std::vector<unique_fd> layers = images.open_layers(images.load(id));
  file::make_directories(directory + "-nothing");
  layers.push_back(file::open_at(AT_FDCWD, directory + "-nothing", O_RDONLY | O_DIRECTORY));
  io::mount::overlay_layers lowers;
  for (const unique_fd& layer : layers) lowers.lowers.push_back(layer.get());
  const unique_fd root = io::mount::mount_overlay(lowers);
  outcome result;
  std::thread inside([&] {  // a thread may leave its process's mount namespace
    EXPECT_EQ(::unshare(CLONE_FS | CLONE_NEWNS), 0);
    EXPECT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    EXPECT_EQ(::move_mount(root.get(), "", AT_FDCWD, directory.c_str(), MOVE_MOUNT_F_EMPTY_PATH), 0);
    result = run_program(command);
  });
  inside.join();
  return result;
}

void trees::compare(const std::string& layout, const std::string& tag, const std::string& image, bool directory_times) {
  const std::string bundle = dir_.path() + "/bundle";
  const outcome u = run_program({"/usr/bin/umoci", "unpack", "--image", layout + ":" + tag, bundle});
  ASSERT_EQ(u.code, 0) << u.err;
  const json::object i = json::parse(must({"inspect", image}), "image").as_array().at(0).as_object();
  const std::string merged = dir_.path() + "/merged";
  file::make_directories(merged);
  const outcome m =
      with_mounted(json::get_string(i, "Id").substr(7), merged, {"/bin/bash", "-c", listing, "bash", merged});
  ASSERT_EQ(m.code, 0) << m.err;
  EXPECT_GT(std::count(m.out.begin(), m.out.end(), '\n'), 1);
  if (::access((root_ + "/images/" + json::get_string(i, "Id").substr(7) + "/index.erofs").c_str(), F_OK) ==
      0) {  // the index has what containers mount something on
    run_program(
        {"/bin/bash", "-c",
         "cd " + bundle +
             "/rootfs; for d in dev etc proc sys; do [ -e $d -o -L $d ] || { mkdir -m 755 $d; touch -d @0 $d; }; done; "
             "[ -L etc ] || { touch -r etc /tmp/r$$; for f in hostname hosts resolv.conf; do [ -e etc/$f -o -L etc/$f "
             "] || { touch -d @0 etc/$f; chmod 644 etc/$f; }; done; touch -r /tmp/r$$ etc; rm /tmp/r$$; }"});
  }
  std::string wanted = tree_of(bundle + "/rootfs"), seen = m.out;
  if (!directory_times) {
    for (std::string* listed : {&wanted, &seen})
      *listed = std::regex_replace(*listed, std::regex(R"((\|d\|[^|\n]*\|[^|\n]*\|-\|)[0-9.]+)"), "$1");
  }
  if (seen == wanted) return;
  std::ofstream(dir_.path() + "/ours") << seen;
  std::ofstream(dir_.path() + "/theirs") << wanted;
  ADD_FAILURE()
      << run_program({"/bin/bash", "-c", "diff " + dir_.path() + "/ours " + dir_.path() + "/theirs | head -20"}).out;
}

std::size_t trees::check_indexes() {
  const instance where = instance::open(root_, state_);
  const store::image_store images(where);
  const std::string tools = fixture_ + "/erofs-utils", layers = root_ + "/layers/";
  std::size_t checked = 0;
  const auto check = [&](const std::string& index, const std::vector<std::string>& data) {
    // Without being root in there: the program is of another release, and so is its loader.
    std::vector<std::string> command{tools + "/usr/lib64/ld-linux-x86-64.so.2", "--library-path",
                                     tools + "/usr/lib/x86_64-linux-gnu", tools + "/usr/bin/fsck.erofs", "--extract"};
    for (const std::string& d : data) command.push_back("--device=" + d);
    command.push_back(index);
    const outcome o = run_program(command);
    EXPECT_EQ(o.code, 0) << index << "\n" << o.out << o.err;
    ++checked;
  };
  const auto is_there = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
  for (const std::string& hex : file::list_at(AT_FDCWD, root_ + "/layers")) {
    if (is_there(layers + hex + "/index.erofs")) check(layers + hex + "/index.erofs", {layers + hex + "/data.tar"});
  }
  for (const std::string& id : images.ids()) {
    if (!is_there(root_ + "/images/" + id + "/index.erofs")) continue;
    std::vector<std::string> data;
    for (const oci::digest& d : layer::distinct(images.load(id).config.diff_ids))
      data.push_back(layers + d.hex() + "/data.tar");
    check(root_ + "/images/" + id + "/index.erofs", data);
  }
  return checked;
}

}  // namespace lxr::test
