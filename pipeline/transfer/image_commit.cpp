// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/image_commit.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/layer/top_layer.hpp"
#include "pipeline/store/commit.hpp"
#include "pipeline/store/driver.hpp"
#include "pipeline/store/prune.hpp"
#include "pipeline/transfer/durable.hpp"

namespace lxr::transfer {
namespace {

bool is_full(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.code() == std::errc::no_space_on_device || e.code() == std::error_code(EDQUOT, std::generic_category());
  } catch (...) {
    return false;
  }
}

}  // namespace

std::vector<std::size_t> image_commit::missing() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < image_.manifest.layers.size(); ++i) {
    const oci::digest &blob = image_.manifest.layers[i].content, &diff_id = image_.config->diff_ids[i];
    if (store_.has_layer(diff_id)) continue;
    if (store_.has_blob(blob) && !store_.has_layer(diff_id))
      throw error(errc::corrupt, "unpack layer", blob.str(), "its content has another diff-id than " + diff_id.str());
    out.push_back(i);
  }
  return out;
}

std::optional<std::vector<unique_fd>> image_commit::open_layers() const {
  std::vector<unique_fd> out;
  for (const oci::digest& diff_id : image_.config->diff_ids) {
    auto directory = store_.open_directory(diff_id);
    if (!directory) return std::nullopt;
    out.push_back(std::move(*directory));
  }
  return out;
}

task<void> image_commit::prepare(const std::vector<unique_fd>& layers) {
  file::remove_tree_at(staging_.directory.get(), "image");
  file::make_directory_at(staging_.directory.get(), "image");
  const unique_fd image = file::open_at(staging_.directory.get(), "image", O_RDONLY | O_DIRECTORY);
  bool has_top = false;
  const std::string index = co_await offload(tools_.pool, [&] {
    return layer::make_image_index(layers, image_.config->diff_ids, layers_.budget(), layers_.take_trees());
  });
  if (!index.empty()) {
    auto writing = write_durably(tools_, image.get(), layer::index_file, index);
    co_await std::move(writing);
  } else {
    has_top =
        co_await offload(tools_.pool, [&] { return layer::make_top_layer(layers, image.get(), layers_.budget()); });
  }
  auto writing_manifest = write_durably(tools_, image.get(), "manifest.json", image_.chosen.text);
  co_await std::move(writing_manifest);
  auto writing_config = write_durably(tools_, image.get(), "config.json", image_.config_text);
  co_await std::move(writing_config);
  if (tools_.safety != layer::durability::full) file::replace_at(image.get(), layer::unsynced_mark, "");
  auto syncing = sync_durably(tools_, image.get());
  co_await std::move(syncing);
  auto syncing_others = sync_marked(tools_, layers, has_top);
  co_await std::move(syncing_others);
}

bool image_commit::commit() {
  fresh_image_ = store::commit_image(store_, staging_, "image", image_.id());
  if (fresh_image_)
    store_.tag(image_.name, image_.id(), image_.chosen.content.str(), image_.top.str(),
               tools_.safety == layer::durability::full);
  return fresh_image_;
}

void image_commit::take_back(const std::exception_ptr& failure) noexcept {
  const std::vector<oci::digest> layers = is_full(failure) ? layers_.committed() : std::vector<oci::digest>();
  if (!fresh_image_ && layers.empty()) return;
  layers_.release_claims();
  quietly([&] { store::take_back(store_.where(), fresh_image_ ? image_.id() : "", layers); });
}

bool same_directories(const std::vector<unique_fd>& some, const std::vector<unique_fd>& others) {
  return std::ranges::equal(some, others, [](const unique_fd& a, const unique_fd& b) {
    struct stat one{}, other{};
    return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && one.st_ino == other.st_ino;
  });
}

}  // namespace lxr::transfer
