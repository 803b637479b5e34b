#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/codec/sha256.hpp"
#include "pipeline/image/source.hpp"

namespace lxr::image {
namespace {

class file_stream final : public blob_stream {
 public:
  file_stream(worker_pool& pool, unique_fd fd, std::string name) : pool_(pool), fd_(std::move(fd)), name_(std::move(name)) {}

  task<std::optional<byte_block>> read() override {
    byte_block block(block_size);
    co_await offload(pool_, [this, &block] {
      ssize_t got;
      do {
        got = ::read(fd_.get(), block.room().data(), block.room().size());
      } while (got < 0 && errno == EINTR);
      if (got < 0) throw_errno("read", name_);
      block.grow(static_cast<std::size_t>(got));
    });
    if (block.empty()) co_return std::nullopt;
    co_return std::optional<byte_block>(std::move(block));
  }

 private:
  static constexpr std::size_t block_size = 256u << 10;
  worker_pool& pool_;
  unique_fd fd_;
  std::string name_;
};

class layout_source final : public source {
 public:
  layout_source(worker_pool& pool, oci::reference name) : pool_(pool), name_(std::move(name)) {
    auto directory = file::try_open_at(AT_FDCWD, name_.repository, O_RDONLY | O_DIRECTORY);
    if (!directory) throw error(errc::not_found, "pull", name_.canonical(), "there is no directory " + name_.repository);
    directory_ = std::move(*directory);
  }

  task<oci::digest> probe() override {
    const raw_manifest m = co_await top();
    co_return m.content;
  }

  task<raw_manifest> top() override {
    const auto text = file::read_at(directory_.get(), "index.json", oci::manifest_limit);
    if (!text) throw error(errc::not_found, "pull", name_.canonical(), "it is no OCI image layout: it has no index.json");
    const auto parsed = oci::parse_manifest(*text, name_.canonical());
    const auto* index = std::get_if<oci::index>(&parsed);
    if (index == nullptr) throw error(errc::corrupt, "read", name_.repository + "/index.json", "it is not an index");
    oci::descriptor chosen;
    std::string tags;
    for (const auto& e : index->entries) {
      if (e.tag == name_.tag || (name_.tag.empty() && index->entries.size() == 1)) chosen = e.manifest;
      tags += (tags.empty() ? "" : ", ") + (e.tag.empty() ? e.manifest.content.str() : e.tag);
    }
    if (chosen.content.empty()) {
      throw error(errc::not_found, "pull", name_.canonical(), name_.tag.empty() ? "the layout holds several images" : "the layout has no tag " + name_.tag,
                  "it has: " + tags);
    }
    co_return co_await manifest(chosen);
  }

  task<raw_manifest> manifest(oci::descriptor which) override {
    const auto text = file::read_at(directory_.get(), path_of(which.content), oci::manifest_limit);
    if (!text) throw error(errc::not_found, "read blob", which.content.str(), "the layout does not have it");
    if (digest_of(*text) != which.content) throw error(errc::corrupt, "read manifest", which.content.str(), "its content has another digest");
    co_return raw_manifest{*text, which.content};
  }

  task<std::unique_ptr<blob_stream>> blob(oci::descriptor which, blob_kind) override {
    auto fd = file::try_open_at(directory_.get(), path_of(which.content), O_RDONLY);
    if (!fd) throw error(errc::not_found, "read blob", which.content.str(), "the layout does not have it");
    co_return std::make_unique<file_stream>(pool_, std::move(*fd), which.content.str());
  }

 private:
  static std::string path_of(const oci::digest& d) { return "blobs/sha256/" + d.hex(); }

  worker_pool& pool_;
  oci::reference name_;
  unique_fd directory_;
};

}  // namespace

std::unique_ptr<source> make_layout_source(worker_pool& pool, oci::reference name) {
  return std::make_unique<layout_source>(pool, std::move(name));
}

oci::digest digest_of(const std::string& text) {
  io::codec::sha256 hash;
  hash.update(as_bytes(text));
  return oci::digest::from_hex(hash.hex());
}

}  // namespace lxr::image
