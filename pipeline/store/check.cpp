// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/trash.hpp"
#include "io/codec/sha256.hpp"
#include "io/erofs/index.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/layer/layer_index.hpp"
#include "pipeline/layer/layer_record.hpp"
#include "pipeline/layer/tree_listing.hpp"
#include "pipeline/store/driver.hpp"
#include "pipeline/store/prune.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::store {
namespace {

constexpr std::size_t index_limit = std::size_t{4} << 30;

class checker {
 public:
  checker(const instance& where, bool repair, const std::function<void(const finding&)>& report, std::uint64_t memory)
      : where_(where),
        store_(where),
        repair_(repair),
        report_(report),
        budget_({UINT64_MAX, UINT64_MAX, memory, false, false}),
        ample_({UINT64_MAX, UINT64_MAX, memory + most_further, false, false}) {}

  check_summary run() {
    for (const std::string& hex : file::list_at(where_.root_fd(), "layers"))
      guarded("layer " + hex.substr(0, 12), "layers/" + hex, [&] { check_layer(hex); });
    for (const std::string& id : store_.ids())
      guarded("image " + id.substr(0, 12), "images/" + id, [&] { check_image(id); });
    for (const std::string& file : store_.name_files())
      guarded("name " + file, "refs/" + file, [&] { check_name(file); });
    return summary_;
  }

 private:
  void found(const finding& f) {
    ++summary_.findings;
    if (!f.repair.empty()) ++summary_.repaired;
    report_(f);
  }

  // Calls `look` for one object. An error it throws is reported as a finding; with `repair` a damaged object is
  // removed. An object that was removed meanwhile is no finding.
  template <class Look>
  void guarded(const std::string& object, const std::string& path, Look look) {
    struct stat before{}, now{};
    ::fstatat(where_.root_fd(), path.c_str(), &before, AT_SYMLINK_NOFOLLOW);
    try {
      look();
    } catch (const error& e) {
      if (::fstatat(where_.root_fd(), path.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return;
      finding f{object, e.reason().empty() ? e.what() : e.reason(), ""};
      const bool damage = e.code() == errc::corrupt || e.code() == errc::invalid_argument;
      if (repair_ && damage) remove(path, before.st_ino, f);
      found(f);
    }
  }

  // Removes a damaged object, unless a container uses it or a pull has replaced it (another inode) since it was
  // checked.
  void remove(const std::string& path, ino_t damaged_one, finding& f) {
    const unique_fd lock = store_.lock_alone();
    struct stat now{};
    if (::fstatat(where_.root_fd(), path.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 || now.st_ino != damaged_one) return;
    try {
      const std::string user =
          path.starts_with("refs/") ? "" : container_using(where_, path.substr(path.rfind('/') + 1));
      if (!user.empty()) {
        f.problem += "; container \"" + user + "\" uses it: remove that first";
        return;
      }
    } catch (const error& e) {
      f.problem += std::string("; ") + e.what();
      return;
    }
    move_to_trash(where_, path);
    f.repair = "removed: pull the images that need it again";
  }

  [[noreturn]] static void damaged(const std::string& why) { throw error(errc::corrupt, "check", "store", why); }

  static std::string must_read(int directory, const std::string& name, std::size_t limit = oci::manifest_limit) {
    auto text = file::read_at(directory, name, limit);
    if (!text) damaged(name + " is missing");
    return std::move(*text);
  }

  void check_name(const std::string& file) {
    tagged_image t;
    try {
      t = store_.read_name(file);
    } catch (const error& e) {
      if (e.code() == errc::unsupported) throw;
      damaged("it cannot be read");
    }
    if (!store_.has_image(t.id))
      found({"name " + t.name.familiar(), "its image is not in the store; pull it again", ""});
  }

  void check_layer(const std::string& hex) {
    ++summary_.layers;
    const unique_fd directory = file::open_at(where_.root_fd(), "layers/" + hex, O_RDONLY | O_DIRECTORY);
    const auto record = layer::read_layer_record(where_.root_fd(), "layers/" + hex);
    if (!record) damaged(std::string(layer::record_file) + " is missing");
    if (record->driver == layer::store_driver::erofs) {
      if (!record->tar_bytes)
        throw error(errc::unsupported, "check", "layer", "its size is not known: an earlier lxr stored it");
      check_tar(hex, directory.get(), *record->tar_bytes);
    } else if (const std::string difference = layer::first_difference(directory.get()); !difference.empty()) {
      damaged(difference);
    }
  }

  void check_tar(const std::string& hex, int directory, std::uint64_t tar_size) {
    const auto data = file::try_open_at(directory, layer::data_file, O_RDONLY);
    if (!data) damaged("its data is missing");
    layer::layer_index members(ample_);
    io::tar::reader tar(members);
    bool readable = true;
    if (const std::string digest = read_tar(data->get(), tar_size, tar, readable); digest != hex)
      damaged("its data has changed: the digest is " + digest);
    if (!readable)
      throw error(errc::unsupported, "check", "layer", "its data is as it was, but this lxr would not store it");
    struct stat st{};
    ::fstat(data->get(), &st);
    const auto size = static_cast<std::uint64_t>(st.st_size);
    compare_index("layer " + hex.substr(0, 12), directory, members.make_index(size));
  }

  static std::string read_tar(int data, std::uint64_t size, io::tar::reader& tar, bool& readable) {
    ::posix_fadvise(data, 0, 0, POSIX_FADV_SEQUENTIAL);
    io::codec::sha256 hash;
    for (std::uint64_t at = 0; at < size;) {
      byte_block block(std::min<std::uint64_t>(size - at, 1u << 20));
      const ssize_t got = ::pread(data, block.room().data(), block.room().size(), static_cast<off_t>(at));
      if (got < 0) throw_errno("read", layer::data_file);
      if (got == 0) damaged("its data ends too early");
      block.grow(static_cast<std::size_t>(got));
      at += block.size();
      hash.update(block.bytes());
      try {
        if (readable) tar.feed(block.bytes());
      } catch (const error&) {
        readable = false;  // the digest decides whether that is damage
      }
    }
    return hash.hex();
  }

  void compare_index(const std::string& object, int directory, const std::string& wanted) {
    const auto there = file::read_at(directory, layer::index_file, index_limit);
    if (there == wanted) return;
    finding f{object, there ? "its index has changed" : "it has no index", ""};
    if (repair_) {
      const unique_fd lock = store_.lock_shared();
      file::replace_at(directory, layer::index_file, wanted, 0600, true);
      f.repair = "made anew";
    }
    found(f);
  }

  void check_image(const std::string& id) {
    ++summary_.images;
    const unique_fd directory = file::open_at(where_.root_fd(), "images/" + id, O_RDONLY | O_DIRECTORY);
    const std::string config = must_read(directory.get(), "config.json");
    if (io::codec::digest_of(config).hex() != id) damaged("its config has changed");
    const auto diff_ids = oci::image_config::parse(config, "config").diff_ids;
    const auto manifest = oci::parse_manifest(must_read(directory.get(), "manifest.json"), "manifest");
    const auto* m = std::get_if<oci::manifest>(&manifest);
    if (m == nullptr || m->config.content.hex() != id) damaged("its manifest has changed");
    std::vector<unique_fd> layers;
    bool indexed = true;
    for (const oci::digest& d : diff_ids) {
      auto layer = store_.open_directory(d);
      if (!layer)
        return found(
            {"image " + id.substr(0, 12), "its layer " + d.hex().substr(0, 12) + " is missing; pull it again", ""});
      indexed = indexed && ::faccessat(layer->get(), layer::index_file, F_OK, 0) == 0;
      layers.push_back(std::move(*layer));
    }
    const bool has_index = ::faccessat(directory.get(), layer::index_file, F_OK, 0) == 0;
    if (has_index && !indexed)
      return found(
          {"image " + id.substr(0, 12), "its index is about layers that were stored anew since; pull it again", ""});
    if (::faccessat(directory.get(), "root", F_OK, 0) == 0) {
      if (const std::string difference = layer::first_difference(directory.get()); !difference.empty())
        damaged("of its top layer, " + difference);
    }
    const std::string wanted = indexed ? layer::make_image_index(layers, diff_ids, has_index ? ample_ : budget_) : "";
    // Else every layer is mounted by itself.
    if (!wanted.empty()) compare_index("image " + id.substr(0, 12), directory.get(), wanted);
  }

  const instance& where_;
  image_store store_;
  bool repair_;
  const std::function<void(const finding&)>& report_;
  check_summary summary_;
  // Only memory is limited: `budget_` to what every pull has, `ample_` to that and the 1 GiB more that a pull of much
  // data may have had.
  static constexpr std::uint64_t most_further = 1u << 30;
  layer::pull_budget budget_, ample_;
};

}  // namespace

check_summary check_store(const instance& where, bool repair, const std::function<void(const finding&)>& report,
                          std::uint64_t memory) {
  checker c(where, repair, report, memory);
  const check_summary out = c.run();
  empty_trash(where);
  return out;
}

}  // namespace lxr::store
