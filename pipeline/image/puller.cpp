#include "pipeline/image/puller.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/async/keyed_once.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "pipeline/image/driver.hpp"
#include "pipeline/image/image_index.hpp"
#include "pipeline/image/prune.hpp"
#include "pipeline/image/top_layer.hpp"
#include "pipeline/image/unpack.hpp"

namespace lxr::image {
namespace {

std::string short_digest(const oci::digest& d) { return d.hex().substr(0, 12); }

// One pull; its stages are methods. In its private directory each layer has the name of its blob.
class pull_run {
 public:
  pull_run(const pull_tools& tools, source& from, oci::reference name, std::string architecture)
      : tools_(tools), store_(tools.images), from_(from), name_(std::move(name)), architecture_(std::move(architecture)) {}

  task<pull_result> run() {
    if (auto same = co_await unchanged()) co_return std::move(*same);
    co_await resolve();
    if (co_await tag_what_is_there()) co_return result();
    staging_ = store_.begin();
    std::exception_ptr failure;
    try {
      std::vector<std::size_t> all(manifest_.layers.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      auto fetching = fetch(std::move(all));
      co_await std::move(fetching);
      co_await commit();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure && (fresh_image_ || !fresh_layers_.empty())) {
      quietly([this] { take_back(store_.where(), fresh_image_ ? id() : "", fresh_layers_); });
    }
    store_.discard(staging_);
    if (failure) std::rethrow_exception(failure);
    co_return result();
  }

 private:
  [[nodiscard]] bool durable() const { return tools_.safety == durability::full; }
  [[nodiscard]] pull_result result() const { return {id(), chosen_.content.str(), name_.familiar()}; }
  [[nodiscard]] std::string id() const { return manifest_.config.content.hex(); }

  // What the store has under this name, if the source still means the same by it.
  task<std::optional<pull_result>> unchanged() {
    const auto known = store_.find_name(name_);
    if (!known || known->top_digest.empty() || !usable(known->id)) co_return std::nullopt;
    const stage_span span(tools_.events, "probe", name_.familiar());
    const oci::digest now = co_await from_.probe();
    if (now.str() != known->top_digest) co_return std::nullopt;
    auto syncing = make_durable(known->id);
    co_await std::move(syncing);
    if (durable()) store_.sync_names();  // whoever committed it may have died before that
    co_return pull_result{known->id, known->manifest_digest, name_.familiar()};
  }

  // The image under another name, or the registry did not tell before.
  task<bool> tag_what_is_there() {
    if (!usable(id())) co_return false;
    auto syncing = make_durable(id());
    co_await std::move(syncing);
    {
      const unique_fd lock = store_.lock_shared();
      if (!usable(id())) co_return false;
      store_.tag(name_, id(), chosen_.content.str(), top_.str(), durable());
    }
    if (durable()) store_.sync_names();
    co_return true;
  }

  // What an earlier pull committed without syncing is to be durable now.
  task<void> make_durable(std::string image) {
    std::vector<unique_fd> directories;
    if (auto directory = store_.open_image(image)) directories.push_back(std::move(*directory));
    for (const oci::digest& d : store_.load(image).config.diff_ids) {
      if (auto directory = store_.open_directory(d)) directories.push_back(std::move(*directory));
    }
    auto syncing = sync_what_is_not(directories, false);
    co_await std::move(syncing);
  }

  // Directories of layers and images are marked until they are synced. `more`: something else needs it too.
  task<void> sync_what_is_not(const std::vector<unique_fd>& directories, bool more) {
    if (!durable()) co_return;
    std::vector<int> marked;
    for (const unique_fd& d : directories) {
      if (::faccessat(d.get(), unsynced_mark, F_OK, 0) == 0) marked.push_back(d.get());
    }
    if (marked.empty() && !more) co_return;
    co_await offload(tools_.pool, [this] { store_.sync(); });
    for (const int d : marked) ::unlinkat(d, unsynced_mark, 0);
  }

  [[nodiscard]] bool usable(const std::string& image) const {
    try {
      if (!store_.is_whole(image)) return false;
      const std::string stored_for = store_.load(image).config.architecture;
      return stored_for.empty() || stored_for == architecture_;
    } catch (const error&) {
      return false;  // damaged: what is pulled takes its place
    }
  }

  task<void> resolve() {
    const stage_span span(tools_.events, "manifest", name_.familiar());
    constexpr int nesting_limit = 2;  // an index of indexes is allowed, no more
    const std::string subject = name_.familiar();
    chosen_ = co_await from_.top();
    top_ = chosen_.content;
    for (int depth = 0; depth <= nesting_limit; ++depth) {
      auto parsed = oci::parse_manifest(chosen_.text, subject);
      if (auto* m = std::get_if<oci::manifest>(&parsed)) {
        manifest_ = std::move(*m);
        for (const oci::descriptor& layer : manifest_.layers) oci::layer_compression(layer);  // all known, before any is fetched
        co_return;
      }
      const oci::descriptor next = oci::choose(std::get<oci::index>(parsed), architecture_, subject).manifest;
      chosen_ = co_await from_.manifest(next);
    }
    throw error(errc::corrupt, "pull", subject, "its index leads to other indexes without end");
  }

  // The config and these layers, all asked for at once.
  task<void> fetch(std::vector<std::size_t> layers) {
    task_scope scope(co_await asio::this_coro::executor);
    if (!config_) scope.spawn(fetch_config());
    for (const std::size_t i : layers) scope.spawn(fetch_layer(i));
    co_await scope.join();
  }

  task<void> fetch_config() {
    const stage_span span(tools_.events, "config", short_digest(manifest_.config.content));
    const std::unique_ptr<blob_stream> stream = co_await from_.blob(manifest_.config);
    while (auto block = co_await stream->read()) {
      config_text_ += as_text(block->bytes());
      if (config_text_.size() > oci::manifest_limit) {
        throw error(errc::exhausted, "read image config", manifest_.config.content.str(), "it is larger than 4 MiB");
      }
    }
    if (digest_of(config_text_) != manifest_.config.content) {
      throw error(errc::corrupt, "read image config", manifest_.config.content.str(), "its content has another digest");
    }
    auto config = oci::image_config::parse(config_text_, "config of " + name_.familiar());
    if (!config.architecture.empty() && config.architecture != architecture_) {
      throw error(errc::not_found, "pull", name_.familiar(), "it is for " + config.architecture + ", not " + architecture_,
                  "to have it all the same: --arch " + config.architecture);
    }
    if (config.diff_ids.size() != manifest_.layers.size()) {
      throw error(errc::corrupt, "pull", name_.familiar(), "its config names " + std::to_string(config.diff_ids.size()) + " layers, its manifest " +
                                                               std::to_string(manifest_.layers.size()));
    }
    check_repetitions(config);
    config_ = std::move(config);
    if (tools_.known) tools_.known(id());
    configured_.notify_all();
  }

  // A blob unpacks to one thing.
  void check_repetitions(const oci::image_config& config) const {
    std::map<oci::digest, oci::digest> known;
    for (std::size_t i = 0; i < manifest_.layers.size(); ++i) {
      const oci::digest& blob = manifest_.layers[i].content;
      if (known.emplace(blob, config.diff_ids[i]).first->second == config.diff_ids[i]) continue;
      throw error(errc::corrupt, "pull", name_.familiar(), "its config names two diff-ids for the one blob " + blob.str());
    }
  }

  task<void> fetch_layer(std::size_t i) {
    const oci::descriptor& what = manifest_.layers[i];
    if (store_.has_blob(what.content)) {
      present(what);
      co_return;
    }
    auto once = by_blob_.run(what.content.hex(), [this, i] { return fetch_blob(i); });
    co_await std::move(once);
  }

  void present(const oci::descriptor& what) { tools_.events.layer_progress(short_digest(what.content), "present", what.size, what.size); }

  task<bool> fetch_blob(std::size_t i) {
    const oci::descriptor& what = manifest_.layers[i];
    if (staged(what)) co_return true;
    const auto permit = co_await layers_.acquire();
    const stage_span span(tools_.events, "layer", short_digest(what.content));
    std::unique_ptr<blob_stream> stream = co_await from_.blob(what);
    while (!config_) co_await configured_.wait();
    if (store_.has_layer(config_->diff_ids[i])) {  // from a blob that was packed in another way
      present(what);
      co_return true;
    }
    std::string obstacle;
    try {
      auto unpacking = unpack(i, std::move(stream), tools_.driver);
      co_await std::move(unpacking);
    } catch (const error& e) {
      if (tools_.driver != store_driver::erofs || e.code() != errc::unsupported) throw;
      obstacle = e.reason();
    }
    if (obstacle.empty()) co_return true;
    tools_.events.message("layer " + short_digest(what.content) + " is stored as files, as it cannot be indexed: " + obstacle);
    file::remove_tree_at(staging_.directory.get(), what.content.hex());
    stream = co_await from_.blob(what);
    auto unpacking = unpack(i, std::move(stream), store_driver::directories);
    co_await std::move(unpacking);
    co_return true;
  }

  task<void> unpack(std::size_t i, std::unique_ptr<blob_stream> stream, store_driver driver) {
    const oci::descriptor& what = manifest_.layers[i];
    const std::string name = what.content.hex();
    file::make_directory_at(staging_.directory.get(), name);
    const unique_fd directory = file::open_at(staging_.directory.get(), name, O_RDONLY | O_DIRECTORY);
    const auto target = make_target(file::open_at(directory.get(), ".", O_RDONLY | O_DIRECTORY), driver);
    if (driver == store_driver::directories) has_trees_ = true;
    auto unpacking = unpack_layer(std::move(stream), what, config_->diff_ids[i], *target, {tools_.pool, hashes_, contexts_, tools_.blocks, tools_.events, tools_.limits.bytes}, progress_of(what));
    stored_layer stored = co_await std::move(unpacking);
    const json::object description{{"driver", to_string(driver)}, {"size", static_cast<std::int64_t>(stored.bytes)},
                                   {"tar", static_cast<std::int64_t>(stored.tar_bytes)}, {"blob", what.content.str()}};
    auto describing = write_file(directory.get(), "layer.json", json::dump(description));
    co_await std::move(describing);
    if (!durable()) file::replace_at(directory.get(), unsynced_mark, "");
    auto syncing = sync(directory.get());
    co_await std::move(syncing);
    if (stored.members) trees_.emplace(name, std::move(*stored.members));
    tools_.events.layer_progress(short_digest(what.content), "done", what.size, what.size);
  }

  std::unique_ptr<layer_target> make_target(unique_fd directory, store_driver driver) {
    const target_tools tools{tools_.pool, tools_.files, extractions_, tools_.safety, tools_.limits};
    return driver == store_driver::erofs ? make_erofs_target(std::move(directory), tools) : make_directory_target(std::move(directory), tools);
  }

  progress_function progress_of(const oci::descriptor& what) {
    tools_.events.layer_progress(short_digest(what.content), "pulling", 0, what.size);
    return [&events = tools_.events, shown = short_digest(what.content), total = what.size, last = event_sink::clock::now()](std::uint64_t done) mutable {
      const auto now = event_sink::clock::now();
      if (now - last < std::chrono::milliseconds(100)) return;
      last = now;
      events.layer_progress(shown, "pulling", done, total);
    };
  }

  [[nodiscard]] bool staged(const oci::descriptor& what) const {
    return ::faccessat(staging_.directory.get(), (what.content.hex() + "/layer.json").c_str(), F_OK, 0) == 0;
  }

  // All that takes time is done without the lock. Layers that were in the store may be pruned meanwhile: then they are fetched
  // after all; and others may commit some of ours, or all: then the image is made of theirs, or is theirs.
  task<void> commit() {
    constexpr int attempts = 4;
    const stage_span span(tools_.events, "commit", name_.familiar());
    for (int attempt = 0; attempt < attempts; ++attempt) {
      if (attempt > 0 && co_await tag_what_is_there()) co_return;
      auto fetching = fetch(missing());
      co_await std::move(fetching);
      const auto layers = layer_directories();
      if (!layers) continue;
      auto preparing = prepare_image(*layers);
      co_await std::move(preparing);
      {
        const unique_fd lock = store_.lock_shared();
        const auto now = layer_directories();
        if (!now || !same_directories(*layers, *now)) continue;
        if (!commit_locked()) continue;
      }
      if (durable()) co_await offload(tools_.pool, [this] { store_.sync_names(); });
      co_return;
    }
    throw error(errc::conflict, "pull", name_.familiar(), "its layers are pruned while it is being pulled", "pull it again");
  }

  [[nodiscard]] std::vector<std::size_t> missing() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < manifest_.layers.size(); ++i) {
      const oci::digest &blob = manifest_.layers[i].content, &diff_id = config_->diff_ids[i];
      if (staged(manifest_.layers[i]) || store_.has_layer(diff_id)) continue;
      if (store_.has_blob(blob)) throw error(errc::corrupt, "unpack layer", blob.str(), "its content has another diff-id than " + diff_id.str());
      out.push_back(i);
    }
    return out;
  }

  // Content first, then the names that make it visible: after a power loss what is named is whole.
  task<void> prepare_image(const std::vector<unique_fd>& layers) {
    file::remove_tree_at(staging_.directory.get(), "image");
    file::make_directory_at(staging_.directory.get(), "image");
    const unique_fd image = file::open_at(staging_.directory.get(), "image", O_RDONLY | O_DIRECTORY);
    bool has_top = false;
    if (const std::string index = co_await offload(tools_.pool, [&] { return merged_index(layers); }); !index.empty()) {
      auto writing = write_file(image.get(), index_file, index);
      co_await std::move(writing);
    } else {
      has_top = co_await offload(tools_.pool, [&] { return make_top_layer(layers, image.get()); });
    }
    auto writing_manifest = write_file(image.get(), "manifest.json", chosen_.text);
    co_await std::move(writing_manifest);
    auto writing_config = write_file(image.get(), "config.json", config_text_);
    co_await std::move(writing_config);
    if (!durable()) file::replace_at(image.get(), unsynced_mark, "");
    auto syncing = sync(image.get());
    co_await std::move(syncing);
    auto syncing_others = sync_what_is_not(layers, has_trees_ || has_top);
    co_await std::move(syncing_others);
  }

  // False when somebody else has just committed the image, which is not named then.
  bool commit_locked() {
    for (std::size_t i = 0; i < manifest_.layers.size(); ++i) {
      if (store_.commit_layer(staging_, manifest_.layers[i].content, config_->diff_ids[i])) fresh_layers_.push_back(config_->diff_ids[i]);
    }
    fresh_image_ = store_.commit_image(staging_, "image", id());
    if (fresh_image_) store_.tag(name_, id(), chosen_.content.str(), top_.str(), durable());
    return fresh_image_;
  }

  // The layers as they will be committed: those of the store, else those of this pull. Empty when one is missing.
  [[nodiscard]] std::optional<std::vector<unique_fd>> layer_directories() const {
    std::vector<unique_fd> out;
    for (std::size_t i = 0; i < manifest_.layers.size(); ++i) {
      const oci::digest& diff_id = config_->diff_ids[i];
      auto directory = store_.has_layer(diff_id) ? store_.open_directory(diff_id)
                                                 : file::try_open_at(staging_.directory.get(), manifest_.layers[i].content.hex(), O_RDONLY | O_DIRECTORY);
      if (!directory) return std::nullopt;
      out.push_back(std::move(*directory));
    }
    return out;
  }

  static bool same_directories(const std::vector<unique_fd>& some, const std::vector<unique_fd>& others) {
    return std::ranges::equal(some, others, [](const unique_fd& a, const unique_fd& b) {
      struct stat one {}, other {};
      return ::fstat(a.get(), &one) == 0 && ::fstat(b.get(), &other) == 0 && one.st_ino == other.st_ino;
    });
  }

  // Trees that this pull just made need not be read again.
  std::string merged_index(const std::vector<unique_fd>& layers) {
    std::map<std::size_t, io::erofs::tree> ready;
    for (std::size_t i = 0; i < manifest_.layers.size(); ++i) {
      if (auto fresh = trees_.extract(manifest_.layers[i].content.hex())) ready.emplace(i, std::move(fresh.mapped()));
    }
    return make_image_index(layers, config_->diff_ids, std::move(ready));
  }

  task<void> write_file(int directory, std::string name, std::string content) {
    const unique_fd fd = file::open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    file::write_all(fd.get(), content, name);
    co_await sync(fd.get());
  }

  task<void> sync(int fd) {
    if (durable()) co_await tools_.files.sync(fd);
  }

  const pull_tools& tools_;
  const store& store_;
  source& from_;
  oci::reference name_;
  std::string architecture_;

  raw_manifest chosen_;  // for this architecture
  oci::digest top_;      // of what the name means: the same, or the index that led to it
  oci::manifest manifest_;
  std::string config_text_;
  std::optional<oci::image_config> config_;
  waiter_list configured_;
  store::staging staging_;
  std::map<std::string, io::erofs::tree> trees_;  // by blob
  std::vector<oci::digest> fresh_layers_;  // that the store has since this commit
  bool fresh_image_ = false;
  bool has_trees_ = false;  // whose files only a syncfs makes durable
  semaphore layers_{layers_at_once};
  semaphore extractions_{1};
  hashing hashes_{tools_.pool};
  io::codec::zstd_contexts contexts_;
  keyed_once<std::string, bool> by_blob_;  // an image may hold the same layer twice
};

}  // namespace

task<pull_result> pull_image(pull_tools tools, source& from, oci::reference name, std::string architecture) {
  pull_run p(tools, from, std::move(name), std::move(architecture));
  co_return co_await p.run();
}

}  // namespace lxr::image
