// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/puller.hpp"

#include "core/base/error.hpp"
#include "pipeline/transfer/durable.hpp"
#include "pipeline/transfer/image_commit.hpp"
#include "pipeline/transfer/layer_fetch.hpp"

namespace lxr::transfer {
namespace {

// One pull: its state, and its stages as methods.
// Lifecycle: run(), once.  Runs on: the loop's strand.  Borrows: the tools and the source.
// Failure, Cancel: as pull_image().
class pull_run {
 public:
  pull_run(const pull_tools& tools, source& from, oci::reference name, const std::string& architecture)
      : tools_(tools), store_(tools.images), from_(from), image_{std::move(name), oci::platform::parse(architecture)} {}

  task<pull_result> run() {
    if (auto same = co_await unchanged()) co_return std::move(*same);
    co_await resolve();
    if (co_await tag_what_is_there()) co_return result();
    staging_ = store_.begin();
    std::exception_ptr failure;
    try {
      std::vector<std::size_t> all(image_.manifest.layers.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      auto fetching = layers_.run(std::move(all));
      co_await std::move(fetching);
      co_await commit();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) commit_.take_back(failure);
    store_.discard(staging_);
    if (failure) std::rethrow_exception(failure);
    co_return result();
  }

 private:
  [[nodiscard]] bool durable() const { return tools_.safety == layer::durability::full; }
  [[nodiscard]] pull_result result() const {
    return {image_.id(), image_.chosen.content.str(), image_.name.familiar()};
  }

  // Returns the image that the store has under this name when the source still has the same digest for the name.
  // Returns nullopt for a platform with a CPU variant, because configs do not record it.
  task<std::optional<pull_result>> unchanged() {
    if (!image_.target.variant.empty()) co_return std::nullopt;
    const auto known = store_.find_name(image_.name);
    if (!known || known->top_digest.empty() || !usable(known->id)) co_return std::nullopt;
    const stage_span span(tools_.events, "probe", image_.name.familiar());
    const oci::digest now = co_await from_.probe();
    if (now.str() != known->top_digest) co_return std::nullopt;
    auto syncing = make_durable(tools_, known->id);
    co_await std::move(syncing);
    if (durable()) store_.sync_names();  // the process that committed it may have died before its sync
    co_return pull_result{known->id, known->manifest_digest, image_.name.familiar()};
  }

  // When the store has the image already (under another name, or because probe() got no digest), gives it the name and
  // returns true.
  task<bool> tag_what_is_there() {
    const std::string id = image_.id();
    if (!usable(id)) co_return false;
    auto syncing = make_durable(tools_, id);
    co_await std::move(syncing);
    {
      const unique_fd lock = store_.lock_shared();
      if (!usable(id)) co_return false;
      store_.tag(image_.name, id, image_.chosen.content.str(), image_.top.str(), durable());
    }
    if (durable()) store_.sync_names();
    co_return true;
  }

  [[nodiscard]] bool usable(const std::string& image) const {
    try {
      if (!store_.is_whole(image)) return false;
      const oci::image_config config = store_.load(image).config;
      return image_.target.accepts(config.os, config.architecture);
    } catch (const error&) {
      return false;  // damaged: the pull replaces it
    }
  }

  task<void> resolve() {
    const std::string subject = image_.name.familiar();
    const stage_span span(tools_.events, "manifest", subject);
    constexpr int nesting_limit = 2;  // indexes inside the first one
    image_.chosen = co_await from_.top();
    image_.top = image_.chosen.content;
    for (int depth = 0; depth <= nesting_limit; ++depth) {
      auto parsed = oci::parse_manifest(image_.chosen.text, subject);
      if (auto* m = std::get_if<oci::manifest>(&parsed)) {
        image_.manifest = std::move(*m);
        // Throws for an unknown media type before anything is fetched.
        for (const oci::descriptor& layer : image_.manifest.layers) oci::layer_compression(layer);
        co_return;
      }
      const oci::descriptor next = oci::choose(std::get<oci::index>(parsed), image_.target, subject).manifest;
      image_.chosen = co_await from_.manifest(next);
    }
    throw error(errc::corrupt, "pull", subject, "its index leads to other indexes without end");
  }

  // Commits the image. Everything that takes time is done without the store's lock. Meanwhile another process may
  // remove layers, which are then fetched again, or commit the same image, which is then used.
  task<void> commit() {
    constexpr int attempts = 4;
    const stage_span span(tools_.events, "commit", image_.name.familiar());
    for (int attempt = 0; attempt < attempts; ++attempt) {
      if (attempt > 0 && co_await tag_what_is_there()) co_return;
      auto fetching = layers_.run(commit_.missing());
      co_await std::move(fetching);
      const auto layers = commit_.open_layers();
      if (!layers) continue;
      auto preparing = commit_.prepare(*layers);
      co_await std::move(preparing);
      {
        const unique_fd lock = store_.lock_shared();
        const auto now = commit_.open_layers();
        if (!now || !same_directories(*layers, *now)) continue;
        if (!commit_.commit()) continue;
      }
      if (durable()) co_await offload(tools_.pool, [this] { store_.sync_names(); });
      co_return;
    }
    throw error(errc::conflict, "pull", image_.name.familiar(), "its layers are pruned while it is being pulled",
                "pull it again");
  }

  const pull_tools& tools_;
  const store::image_store& store_;
  source& from_;
  pulled_image image_;
  store::image_store::staging staging_;
  layer_fetch layers_{tools_, from_, image_, staging_};
  image_commit commit_{tools_, image_, staging_, layers_};
};

}  // namespace

task<pull_result> pull_image(pull_tools tools, source& from, oci::reference name, std::string architecture) {
  pull_run p(tools, from, std::move(name), architecture);
  co_return co_await p.run();
}

}  // namespace lxr::transfer
