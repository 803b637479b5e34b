#include "pipeline/image/puller.hpp"

#include <fcntl.h>

#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "pipeline/image/unpack.hpp"

namespace lxr::image {
namespace {

std::string short_digest(const oci::digest& d) { return d.hex().substr(0, 12); }

void write_file(int directory, const std::string& name, const std::string& content) {
  const unique_fd fd = file::open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  file::write_all(fd.get(), content, name);
}

}  // namespace

task<oci::manifest> puller::resolve(source& from, std::string architecture, raw_manifest& chosen, std::string subject) {
  constexpr int nesting_limit = 2;  // an index of indexes is allowed, no more
  chosen = co_await from.top();
  for (int depth = 0; depth <= nesting_limit; ++depth) {
    auto parsed = oci::parse_manifest(chosen.text, subject);
    if (auto* m = std::get_if<oci::manifest>(&parsed)) co_return std::move(*m);
    const oci::descriptor next = oci::choose(std::get<oci::index>(parsed), architecture, subject).manifest;
    chosen = co_await from.manifest(next);
  }
  throw error(errc::corrupt, "pull", subject, "its index leads to other indexes without end");
}

task<std::string> puller::fetch_config(source& from, oci::descriptor which) {
  const std::unique_ptr<blob_stream> stream = co_await from.blob(which);
  std::string text;
  while (auto block = co_await stream->read()) {
    text += as_text(block->bytes());
    if (text.size() > oci::manifest_limit) throw error(errc::exhausted, "read image config", which.content.str(), "it is larger than 4 MiB");
  }
  if (digest_of(text) != which.content) throw error(errc::corrupt, "read image config", which.content.str(), "its content has another digest");
  co_return text;
}

task<bool> puller::fetch_layer(source& from, const store::staging& staging, oci::descriptor what, oci::digest diff_id) {
  const auto permit = co_await layers_at_once_.acquire();
  const stage_span span(events_, "layer", short_digest(what.content));
  const std::string name = diff_id.hex();
  file::make_directory_at(staging.directory.get(), name);
  unique_fd directory = file::open_at(staging.directory.get(), name, O_RDONLY | O_DIRECTORY);
  const target_tools tools{pool_, files_, extractions_};
  const auto target = driver_ == store_driver::erofs ? make_erofs_target(std::move(directory), tools) : make_directory_target(std::move(directory), tools);
  auto opening = from.blob(what);
  std::unique_ptr<blob_stream> stream = co_await std::move(opening);
  auto last = event_sink::clock::now();
  const std::uint64_t total = what.size;
  const std::string shown = short_digest(what.content);
  events_.layer_progress(shown, "pulling", 0, total);
  const auto progress = [&, total](std::uint64_t done) {
    const auto now = event_sink::clock::now();
    if (now - last < std::chrono::milliseconds(100)) return;
    last = now;
    events_.layer_progress(shown, "pulling", done, total);
  };
  auto unpacking = unpack_layer(std::move(stream), what, diff_id, *target, pool_, progress);
  const unpacked_layer unpacked = co_await std::move(unpacking);
  const json::object description{{"driver", driver_ == store_driver::erofs ? "erofs" : "directories"}, {"size", static_cast<std::int64_t>(unpacked.bytes)}};
  write_file(staging.directory.get(), name + "/layer.json", json::dump(description));
  events_.layer_progress(shown, "done", total, total);
  co_return true;
}

task<void> puller::layer(source& from, const store::staging& staging, oci::descriptor what, oci::digest diff_id) {
  if (store_.has_layer(diff_id)) {
    events_.layer_progress(short_digest(what.content), "present", what.size, what.size);
    co_return;
  }
  auto once = by_diff_id_.run(diff_id.hex(), [&] { return fetch_layer(from, staging, what, diff_id); });
  co_await std::move(once);
}

task<pull_result> puller::pull(source& from, oci::reference name, std::string architecture) {
  raw_manifest chosen;
  auto resolving = resolve(from, architecture, chosen, name.familiar());
  const oci::manifest manifest = co_await std::move(resolving);
  const std::string id = manifest.config.content.hex();
  auto configuring = fetch_config(from, manifest.config);
  const std::string config_text = co_await std::move(configuring);
  const auto config = oci::image_config::parse(config_text, "config of " + name.familiar());
  if (!config.architecture.empty() && config.architecture != architecture) {
    throw error(errc::not_found, "pull", name.familiar(), "it is for " + config.architecture + ", not " + architecture,
                "to have it all the same: --arch " + config.architecture);
  }
  if (config.diff_ids.size() != manifest.layers.size()) {
    throw error(errc::corrupt, "pull", name.familiar(), "its config names " + std::to_string(config.diff_ids.size()) + " layers, its manifest " +
                                                            std::to_string(manifest.layers.size()));
  }
  for (const oci::descriptor& layer : manifest.layers) oci::layer_compression(layer);  // all known, before any is fetched
  const pull_result result{id, chosen.content.str(), name.familiar()};

  const store::staging staging = store_.begin();
  std::exception_ptr failure;
  try {
    task_scope scope(co_await asio::this_coro::executor);
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
      scope.spawn(layer(from, staging, manifest.layers[i], config.diff_ids[i]));
    }
    co_await scope.join();
    const stage_span span(events_, "commit", name.familiar());
    file::make_directory_at(staging.directory.get(), "image");
    write_file(staging.directory.get(), "image/manifest.json", chosen.text);
    write_file(staging.directory.get(), "image/config.json", config_text);
    // Content first, then the names that make it visible: after a power loss what is named is whole.
    co_await offload(pool_, [this] { store_.sync(); });
    for (const oci::digest& diff_id : config.diff_ids) {
      if (!store_.has_layer(diff_id)) store_.commit_layer(staging, diff_id.hex(), diff_id);
    }
    if (!store_.has_image(id)) store_.commit_image(staging, "image", id);
    store_.tag(name, id, result.manifest_digest);
  } catch (...) {
    failure = std::current_exception();
  }
  store_.discard(staging);
  if (failure) std::rethrow_exception(failure);
  co_return result;
}

}  // namespace lxr::image
