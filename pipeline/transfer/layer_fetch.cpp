// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/layer_fetch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/async/pause.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/layer/layer_record.hpp"
#include "pipeline/store/commit.hpp"
#include "pipeline/transfer/durable.hpp"

namespace lxr::transfer {
namespace {

std::string short_digest(const oci::digest& d) { return d.hex().substr(0, 12); }

// Throws when the manifest repeats a blob for which the config names two diff-ids: a blob has only one content.
void check_repetitions(const pulled_image& image, const oci::image_config& config) {
  std::map<oci::digest, oci::digest> known;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const oci::digest& blob = image.manifest.layers[i].content;
    if (known.emplace(blob, config.diff_ids[i]).first->second == config.diff_ids[i]) continue;
    throw error(errc::corrupt, "pull", image.name.familiar(),
                "its config names two diff-ids for the one blob " + blob.str());
  }
}

void check_config(const pulled_image& image, const oci::image_config& config) {
  if (!image.target.accepts(config.os, config.architecture)) {
    const std::string is_for = oci::platform{config.os.empty() ? "linux" : config.os, config.architecture, {}}.str();
    const bool other_processor = image.target.accepts(config.os, "");
    throw error(errc::not_found, "pull", image.name.familiar(), "it is for " + is_for + ", not " + image.target.str(),
                other_processor ? "to have it all the same: --arch " + config.architecture : "");
  }
  if (config.diff_ids.size() != image.manifest.layers.size()) {
    throw error(errc::corrupt, "pull", image.name.familiar(),
                "its config names " + std::to_string(config.diff_ids.size()) + " layers, its manifest " +
                    std::to_string(image.manifest.layers.size()));
  }
  check_repetitions(image, config);
}

}  // namespace

task<void> layer_fetch::run(std::vector<std::size_t> layers) {
  task_scope scope(co_await asio::this_coro::executor);
  if (!image_.config) scope.spawn(fetch_config());
  for (const std::size_t i : layers) scope.spawn(fetch_layer(i));
  co_await scope.join();
}

bool layer_fetch::staged(const oci::descriptor& what) const {
  return ::faccessat(staging_.directory.get(), (what.content.hex() + "/" + layer::record_file).c_str(), F_OK, 0) == 0;
}

std::map<std::size_t, layer::loaded_tree> layer_fetch::take_trees() {
  std::map<std::size_t, layer::loaded_tree> loaded;
  for (std::size_t i = 0; i < image_.manifest.layers.size(); ++i) {
    if (auto fresh = trees_.extract(image_.manifest.layers[i].content.hex()))
      loaded.emplace(i, std::move(fresh.mapped()));
  }
  return loaded;
}

task<void> layer_fetch::fetch_config() {
  const oci::descriptor& what = image_.manifest.config;
  const stage_span span(tools_.events, "config", short_digest(what.content));
  const std::unique_ptr<blob_stream> stream = co_await from_.blob(what, blob_kind::config);
  while (auto block = co_await stream->read()) {
    image_.config_text += as_text(block->bytes());
    if (image_.config_text.size() > oci::manifest_limit) {
      throw error(errc::exhausted, "read image config", what.content.str(), "it is larger than 4 MiB");
    }
  }
  if (io::codec::digest_of(image_.config_text) != what.content)
    throw error(errc::corrupt, "read image config", what.content.str(), "its content has another digest");
  auto config = oci::image_config::parse(image_.config_text, "config of " + image_.name.familiar());
  check_config(image_, config);
  image_.config = std::move(config);
  if (tools_.known) tools_.known(image_.id(), *image_.config);
  configured_.notify_all();
}

task<void> layer_fetch::fetch_layer(std::size_t i) {
  auto once = by_blob_.run(image_.manifest.layers[i].content.hex(), [this, i] { return fetch_blob(i); });
  co_await std::move(once);
}

void layer_fetch::present(const oci::descriptor& what) {
  tools_.events.layer_progress(short_digest(what.content), "present", what.size, what.size);
}

task<bool> layer_fetch::fetch_blob(std::size_t i) {
  const oci::descriptor& what = image_.manifest.layers[i];
  auto claiming = claim(what);
  if (!co_await std::move(claiming)) {
    present(what);
    co_return true;
  }
  auto fetching = fetch_claimed(i);
  co_await std::move(fetching);
  co_return claims_.use(what.content);
}

// Claims a blob. Returns true: this pull fetches it. Returns false: the store has it, perhaps since a moment ago from
// another process, and it is claimed for use. Looks every 20 ms while another process fetches it.
task<bool> layer_fetch::claim(const oci::descriptor& what) {
  constexpr std::chrono::milliseconds look_again{20};
  const auto begin = event_sink::clock::now();
  for (bool told = false; event_sink::clock::now() - begin < tools_.claim_patience; told = true) {
    const bool there = store_.has_blob(what.content);
    if (there && claims_.use(what.content) && store_.has_blob(what.content)) co_return false;
    if (!there && claims_.fetch(what.content) && !store_.has_blob(what.content)) co_return true;
    if (!told) tools_.events.layer_progress(short_digest(what.content), "waiting", 0, what.size);
    co_await pause(look_again);
  }
  co_return true;
}

task<bool> layer_fetch::fetch_claimed(std::size_t i) {
  const oci::descriptor& what = image_.manifest.layers[i];
  const auto permit = co_await layers_.acquire();
  const stage_span span(tools_.events, "layer", short_digest(what.content));
  if (staged(what)) {  // unpacked earlier by this pull; the copy that another process had committed was removed
    co_await commit(i);
    co_return true;
  }
  // With one transfer at a time, the config comes first.
  while (tools_.parallel == 1 && !image_.config) co_await configured_.wait();
  std::unique_ptr<blob_stream> stream = co_await from_.blob(what, blob_kind::layer);
  while (!image_.config) co_await configured_.wait();
  if (store_.has_layer(image_.config->diff_ids[i])) {  // from another blob with the same content
    present(what);
    co_return true;
  }
  auto indexing = unpack(i, std::move(stream), tools_.driver);
  const std::string obstacle = co_await std::move(indexing);
  if (obstacle.empty()) {
    co_await commit(i);
    co_return true;
  }
  tools_.events.message("layer " + short_digest(what.content) +
                        " is stored as files, as it cannot be indexed: " + obstacle);
  file::remove_tree_at(staging_.directory.get(), what.content.hex());
  stream = co_await from_.blob(what, blob_kind::layer);
  auto unpacking = unpack(i, std::move(stream), layer::store_driver::directories);
  co_await std::move(unpacking);
  co_await commit(i);
  co_return true;
}

task<void> layer_fetch::commit(std::size_t i) {
  if (has_trees_) co_await sync_trees();
  const unique_fd lock = store_.lock_shared();
  if (store::commit_layer(store_, staging_, image_.manifest.layers[i].content, image_.config->diff_ids[i]))
    committed_.push_back(image_.config->diff_ids[i]);
}

// Makes the files of trees durable before they are committed; only syncfs(2) does that. All layers that are finished
// while one syncfs runs share the next.
task<void> layer_fetch::sync_trees() {
  if (tools_.safety != layer::durability::full) co_return;
  const std::uint64_t mine = ++finished_;
  const auto turn = co_await syncing_.acquire();
  if (synced_ >= mine) co_return;
  const std::uint64_t covered = finished_;
  co_await offload(tools_.pool, [this] { store_.sync(); });
  synced_ = covered;
}

task<std::string> layer_fetch::unpack(std::size_t i, std::unique_ptr<blob_stream> stream, layer::store_driver driver) {
  const oci::descriptor& what = image_.manifest.layers[i];
  const std::string name = what.content.hex();
  file::make_directory_at(staging_.directory.get(), name);
  const unique_fd directory = file::open_at(staging_.directory.get(), name, O_RDONLY | O_DIRECTORY);
  const auto target = make_target(file::open_at(directory.get(), ".", O_RDONLY | O_DIRECTORY), driver);
  if (driver == layer::store_driver::directories) has_trees_ = true;
  auto unpacking = unpack_layer(
      std::move(stream), what, image_.config->diff_ids[i], *target,
      {tools_.pool, hashes_, contexts_, tools_.blocks, tools_.events, budget_, zstd_layers_, large_windows_},
      progress_of(what));
  layer::stored_layer stored = co_await std::move(unpacking);
  if (!stored.obstacle.empty()) co_return stored.obstacle;
  const std::string record = layer::text_of({driver, stored.bytes, stored.tar_bytes, what.content.str()});
  auto recording = write_durably(tools_, directory.get(), layer::record_file, record);
  co_await std::move(recording);
  if (tools_.safety != layer::durability::full) file::replace_at(directory.get(), layer::unsynced_mark, "");
  auto syncing = sync_durably(tools_, directory.get());
  co_await std::move(syncing);
  // The image's index needs the tree again; it is kept while at most a quarter of the memory is used.
  if (stored.members && budget_.memory() <= budget_.memory_limit() / 4)
    trees_.emplace(name, layer::loaded_tree{std::move(*stored.members), std::move(*stored.memory)});
  tools_.events.layer_progress(short_digest(what.content), "done", what.size, what.size);
  co_return std::string();
}

std::unique_ptr<layer::layer_target> layer_fetch::make_target(unique_fd directory, layer::store_driver driver) {
  const layer::target_tools tools{tools_.pool, tools_.files, extractions_, writes_, budget_, tools_.safety};
  return driver == layer::store_driver::erofs ? layer::make_erofs_target(std::move(directory), tools)
                                              : layer::make_directory_target(std::move(directory), tools);
}

progress_function layer_fetch::progress_of(const oci::descriptor& what) {
  tools_.events.layer_progress(short_digest(what.content), "pulling", 0, what.size);
  return [&events = tools_.events, shown = short_digest(what.content), total = what.size,
          last = event_sink::clock::now()](std::uint64_t done) mutable {
    const auto now = event_sink::clock::now();
    if (now - last < std::chrono::milliseconds(100)) return;
    last = now;
    events.layer_progress(shown, "pulling", done, total);
  };
}

}  // namespace lxr::transfer
