// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "io/codec/sha256.hpp"
#include "pipeline/transfer/source.hpp"

namespace lxr::transfer {
namespace {

class file_stream final : public blob_stream {
 public:
  file_stream(worker_pool& pool, unique_fd fd, std::string name)
      : pool_(pool), fd_(std::move(fd)), name_(std::move(name)) {}

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
    if (!directory)
      throw error(errc::not_found, "pull", name_.canonical(), "there is no directory " + name_.repository);
    directory_ = std::move(*directory);
  }

  task<oci::digest> probe() override {
    const raw_manifest m = co_await top();
    co_return m.content;
  }

  task<raw_manifest> top() override {
    const std::string text = read("index.json", "it is no OCI image layout: it has no index.json");
    const auto parsed = oci::parse_manifest(text, name_.repository + "/index.json");
    const auto* index = std::get_if<oci::index>(&parsed);
    if (index == nullptr) throw error(errc::corrupt, "read", name_.repository + "/index.json", "it is not an index");
    co_return co_await manifest(choose(*index));
  }

  task<raw_manifest> manifest(oci::descriptor which) override {
    const std::string text = read(path_of(which.content), "the layout does not have blob " + which.content.str());
    if (io::codec::digest_of(text) != which.content)
      throw error(errc::corrupt, "read manifest", which.content.str(), "its content has another digest");
    co_return raw_manifest{text, which.content};
  }

  task<std::unique_ptr<blob_stream>> blob(oci::descriptor which, blob_kind) override {
    auto fd = open_regular(path_of(which.content));
    if (!fd) throw error(errc::not_found, "read blob", which.content.str(), "the layout does not have it");
    co_return std::make_unique<file_stream>(pool_, std::move(*fd), which.content.str());
  }

 private:
  static std::string path_of(const oci::digest& d) { return "blobs/sha256/" + d.hex(); }

  // Opens a file of the layout if it is a regular one; nullopt when it is missing. A hostile layout may hold a FIFO or
  // a device: to open one may hang or have effects.
  std::optional<unique_fd> open_regular(const std::string& path) const {
    struct stat st{};
    const auto refuse_what_is_no_file = [&] {
      if (!S_ISREG(st.st_mode))
        throw error(errc::corrupt, "read", name_.repository + "/" + path, "it is not a regular file");
    };
    if (::fstatat(directory_.get(), path.c_str(), &st, 0) == 0) refuse_what_is_no_file();
    auto fd = file::try_open_at(directory_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return std::nullopt;
    if (::fstat(fd->get(), &st) != 0) throw_errno("read", name_.repository + "/" + path);
    refuse_what_is_no_file();
    return fd;
  }

  [[nodiscard]] std::string read(const std::string& path, const std::string& when_missing) const {
    const auto fd = open_regular(path);
    if (!fd) throw error(errc::not_found, "pull", name_.canonical(), when_missing);
    return file::read_all(fd->get(), name_.repository + "/" + path, oci::manifest_limit);
  }

  // Chooses an image: by digest (also of an image inside a nested index), by a name in an annotation, or the only one.
  [[nodiscard]] oci::descriptor choose(const oci::index& index) const {
    if (!name_.content.empty()) return {"", name_.content, 0};
    std::vector<oci::descriptor> found;
    std::string offered;
    for (const oci::index::entry& e : index.entries) {
      if (offered.size() < 2000) offered += (offered.empty() ? "" : ", ") + description_of(e);
      const bool known =
          std::ranges::any_of(found, [&](const oci::descriptor& d) { return d.content == e.manifest.content; });
      if (!known && (name_.tag.empty() || is_called(e, name_.tag))) found.push_back(e.manifest);
    }
    if (found.size() == 1) return found.front();
    const std::string which = name_.tag.empty() ? "" : " called " + name_.tag;
    if (index.entries.empty()) throw error(errc::not_found, "pull", name_.canonical(), "the layout holds no image");
    if (found.empty())
      throw error(errc::not_found, "pull", name_.canonical(), "the layout has no image" + which,
                  "it has: " + json::printable(offered));
    throw error(errc::invalid_argument, "pull", name_.canonical(), "the layout holds several images" + which,
                "add :NAME or @DIGEST of one; it has: " + json::printable(offered));
  }

  static bool is_called(const oci::index::entry& e, const std::string& name) {
    if (e.tag == name || e.image_name == name) return true;
    bool same = false;  // "foo:1.2" means "docker.io/library/foo:1.2"
    quietly([&] {
      same = !e.image_name.empty() &&
             oci::reference::parse(name).canonical() == oci::reference::parse(e.image_name).canonical();
    });
    return same;
  }

  static std::string description_of(const oci::index::entry& e) {
    const std::string name = e.image_name.empty() ? e.tag : e.image_name;
    const std::string target = e.target.str();
    return (name.empty() ? e.manifest.content.str() : name) + (target.empty() ? "" : " (" + target + ")");
  }

  worker_pool& pool_;
  oci::reference name_;
  unique_fd directory_;
};

}  // namespace

std::unique_ptr<source> make_layout_source(worker_pool& pool, oci::reference name) {
  return std::make_unique<layout_source>(pool, std::move(name));
}

}  // namespace lxr::transfer
