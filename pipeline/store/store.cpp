// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/base/record.hpp"
#include "io/mount/erofs.hpp"
#include "pipeline/layer/image_index.hpp"
#include "pipeline/layer/layer_files.hpp"
#include "pipeline/layer/layer_record.hpp"

namespace lxr::store {
namespace {

// Returns the file name for a reference.
std::string escaped(const std::string& canonical) {
  std::string out;
  for (const char c : canonical) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::string layer_path(const oci::digest& diff_id) { return "layers/" + diff_id.hex(); }
std::string image_path(const std::string& id) { return "images/" + id; }

std::string name_path(const std::string& file) { return "refs/" + file; }

tagged_image parse_tag(const std::string& text, const std::string& file) {
  const json::object o = record::read(text, name_path(file));
  return {oci::reference::parse(json::get_string(o, "name")), json::get_string(o, "image"),
          json::get_string(o, "manifest"), json::get_string(o, "top"), json::get_int(o, "pulled")};
}

bool is_hex(std::string_view s) {
  return std::ranges::all_of(s, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<tagged_image> image_store::find(const std::string& word) const {
  std::string_view id = word;
  if (id.starts_with("sha256:")) id.remove_prefix(7);
  if (!word.starts_with("sha256:")) {
    if (auto tag = find_name(oci::reference::parse(word))) return tag;
  }
  if (id.size() < 4 || !is_hex(id)) return std::nullopt;
  std::optional<tagged_image> found;
  for (tagged_image& t : list()) {
    if (!t.id.starts_with(id)) continue;
    if (found && found->id != t.id)
      throw error(errc::invalid_argument, "use image", word, "the ids of several images begin like that",
                  "give more of it");
    if (!found) found = std::move(t);
  }
  return found;
}

std::optional<tagged_image> image_store::find_name(const oci::reference& name) const {
  return try_read_name(escaped(name.canonical()));
}

tagged_image image_store::read_name(const std::string& file) const {
  const auto text = file::read_at(where_.root_fd(), name_path(file));
  if (!text) throw error(errc::not_found, "read", name_path(file), "it does not exist");
  return parse_tag(*text, file);
}

// A damaged record counts as none: `lxr system check` reports it, and a pull writes it anew. That of a newer lxr does
// not: prune would remove the image that it names.
std::optional<tagged_image> image_store::try_read_name(const std::string& file) const {
  try {
    return read_name(file);
  } catch (const error& e) {
    if (e.code() == errc::unsupported) throw;
    return std::nullopt;
  }
}

std::vector<std::string> image_store::name_files() const {
  std::vector<std::string> out = file::list_at(where_.root_fd(), "refs");
  std::erase_if(out, [](const std::string& file) { return file.starts_with('.'); });  // records that are being written
  return out;
}

image image_store::load(const std::string& id) const {
  const auto config = file::read_at(where_.root_fd(), image_path(id) + "/config.json", oci::manifest_limit);
  const auto manifest = file::read_at(where_.root_fd(), image_path(id) + "/manifest.json", oci::manifest_limit);
  if (!config || !manifest) {
    throw error(errc::not_found, "use image", id.substr(0, 12), "it is not in the store", "pull it again");
  }
  image out{id, oci::image_config::parse(*config, "image " + id.substr(0, 12)), 0};
  const auto parsed = oci::parse_manifest(*manifest, "image " + id.substr(0, 12));
  if (const auto* m = std::get_if<oci::manifest>(&parsed)) {
    for (const oci::descriptor& layer : m->layers) out.size += layer.size;
  }
  return out;
}

std::vector<tagged_image> image_store::list() const {
  std::vector<tagged_image> out;
  for (const std::string& file : name_files()) {
    if (auto tag = try_read_name(file)) out.push_back(std::move(*tag));
  }
  std::ranges::sort(out, {}, [](const tagged_image& t) { return t.name.canonical(); });
  for (const std::string& id : ids()) {
    if (std::ranges::find(out, id, &tagged_image::id) == out.end()) out.push_back({.id = id});
  }
  return out;
}

std::vector<std::string> image_store::ids() const {
  std::vector<std::string> out = file::list_at(where_.root_fd(), "images");
  std::ranges::sort(out);
  return out;
}

void image_store::untag(const oci::reference& name) const {
  const std::string file = name_path(escaped(name.canonical()));
  if (::unlinkat(where_.root_fd(), file.c_str(), 0) != 0 && errno != ENOENT)
    throw_errno("remove name", name.familiar());
}

bool image_store::has_image(const std::string& id) const {
  return ::faccessat(where_.root_fd(), (image_path(id) + "/config.json").c_str(), F_OK, 0) == 0;
}

bool image_store::has_layer(const oci::digest& diff_id) const {
  return ::faccessat(where_.root_fd(), (layer_path(diff_id) + "/" + layer::record_file).c_str(), F_OK, 0) == 0;
}

bool image_store::has_blob(const oci::digest& blob) const {
  return ::faccessat(where_.root_fd(), ("blobs/" + blob.hex() + "/" + layer::record_file).c_str(), F_OK, 0) == 0;
}

bool image_store::is_whole(const std::string& id) const {
  const bool indexed = ::faccessat(where_.root_fd(), (image_path(id) + "/" + layer::index_file).c_str(), F_OK, 0) == 0;
  const auto is_there = [&](const oci::digest& d) {
    return has_layer(d) &&
           (!indexed || ::faccessat(where_.root_fd(), (layer_path(d) + "/" + layer::data_file).c_str(), F_OK, 0) == 0);
  };
  return has_image(id) && std::ranges::all_of(load(id).config.diff_ids, is_there);
}

std::uint64_t image_store::layer_size(const oci::digest& diff_id) const {
  const auto record = layer::read_layer_record(where_.root_fd(), layer_path(diff_id));
  return record ? record->bytes : 0;
}

std::optional<unique_fd> image_store::open_directory(const oci::digest& diff_id) const {
  return file::try_open_at(where_.root_fd(), layer_path(diff_id), O_RDONLY | O_DIRECTORY);
}

std::optional<unique_fd> image_store::open_image(const std::string& id) const {
  return file::try_open_at(where_.root_fd(), image_path(id), O_RDONLY | O_DIRECTORY);
}

unique_fd image_store::open_layer(const oci::digest& diff_id) const {
  const auto directory = open_directory(diff_id);
  if (!directory)
    throw error(errc::corrupt, "use layer", diff_id.str(), "it is missing from the store", "pull the image again");
  auto root = file::try_open_at(directory->get(), "root", O_PATH | O_DIRECTORY);
  return root ? std::move(*root) : layer::mount_layer(directory->get());
}

// Returns nullopt when a layer has no data.tar: it was replaced by a tree after the image was committed.
std::optional<std::vector<unique_fd>> image_store::open_data_files(const image& of) const {
  std::vector<unique_fd> data;
  for (const oci::digest& id : layer::distinct(of.config.diff_ids)) {
    auto file = file::try_open_at(where_.root_fd(), layer_path(id) + "/" + layer::data_file, O_RDONLY);
    if (!file) return std::nullopt;
    data.push_back(std::move(*file));
  }
  return data;
}

std::vector<unique_fd> image_store::open_layers(const image& of) const {
  std::vector<unique_fd> layers;
  if (const auto index = file::try_open_at(where_.root_fd(), image_path(of.id) + "/" + layer::index_file, O_RDONLY)) {
    if (const auto data = open_data_files(of)) {
      layers.push_back(io::mount::mount_erofs(index->get(), *data));
      return layers;
    }
  }
  if (auto top = file::try_open_at(where_.root_fd(), image_path(of.id) + "/root", O_PATH | O_DIRECTORY))
    layers.push_back(std::move(*top));
  // overlayfs refuses the same lower layer twice. Of a repeated layer only the uppermost place matters: it shows again
  // all that the layer holds.
  const auto& ids = of.config.diff_ids;
  for (const oci::digest& id : layer::distinct({ids.rbegin(), ids.rend()})) layers.push_back(open_layer(id));
  return layers;
}

image_store::staging image_store::begin() const {
  for (int attempt = 0; attempt < 16; ++attempt) {
    staging s;
    s.name = "ingest/" + random_hex(8);
    file::make_directory_at(where_.root_fd(), s.name);
    auto directory = file::try_open_at(where_.root_fd(), s.name, O_RDONLY | O_DIRECTORY);
    struct stat st{};
    // Before it is locked, sweep() of another process may remove it as one that a dead process left: then make another.
    if (!directory || !file::try_lock(directory->get(), s.name) || ::fstat(directory->get(), &st) != 0 ||
        st.st_nlink == 0)
      continue;
    s.directory = std::move(*directory);
    return s;
  }
  throw error(errc::conflict, "make a private directory in", where_.root() + "/ingest",
              "others remove it all the time");
}

void image_store::discard(const staging& s) const noexcept {
  try {
    file::remove_tree_at(where_.root_fd(), s.name);
  } catch (const std::exception&) {
    // The next sweep() removes it.
  }
}

void image_store::sweep() const {
  for (const std::string& name : file::list_at(where_.root_fd(), "ingest")) {
    const auto directory = file::try_open_at(where_.root_fd(), "ingest/" + name, O_RDONLY | O_DIRECTORY);
    if (!directory || !file::try_lock(directory->get(), name)) continue;
    discard({"ingest/" + name, {}});
  }
  // Names are written under the shared lock. While no process holds it, half-written ones belong to dead processes.
  auto half = file::list_at(where_.root_fd(), "refs");
  std::erase_if(half, [](const std::string& name) { return !name.starts_with('.'); });
  if (half.empty()) return;
  const unique_fd alone = lock_alone();
  for (const std::string& name : half) ::unlinkat(where_.root_fd(), name_path(name).c_str(), 0);
}

unique_fd image_store::lock_shared() const { return lock(file::lock_kind::shared); }
unique_fd image_store::lock_alone() const { return lock(file::lock_kind::exclusive); }

std::optional<unique_fd> image_store::try_lock_alone() const {
  unique_fd fd = file::open_at(where_.root_fd(), "layers", O_RDONLY | O_DIRECTORY);
  if (!file::try_lock(fd.get(), where_.root())) return std::nullopt;
  return fd;
}

unique_fd image_store::lock(file::lock_kind kind) const {
  unique_fd fd = file::open_at(where_.root_fd(), "layers", O_RDONLY | O_DIRECTORY);
  file::lock(fd.get(), kind, where_.root());
  return fd;
}

void image_store::tag(const oci::reference& name, const std::string& id, const std::string& manifest_digest,
                      const std::string& top_digest, bool sync) const {
  json::object o{{"name", name.canonical()},
                 {"image", id},
                 {"manifest", manifest_digest},
                 {"top", top_digest},
                 {"pulled", unix_time_ns()}};
  file::replace_at(where_.root_fd(), name_path(escaped(name.canonical())), record::text_of(std::move(o)), 0600, sync);
}

void image_store::sync() const {
  if (::syncfs(where_.root_fd()) != 0) throw_errno("write to disk", where_.root());
}

void image_store::sync_names() const {
  for (const char* directory : {"layers", "blobs", "images", "refs"}) {
    const unique_fd fd = file::open_at(where_.root_fd(), directory, O_RDONLY | O_DIRECTORY);
    if (::fsync(fd.get()) != 0) throw_errno("write to disk", where_.root() + "/" + directory);
  }
}

}  // namespace lxr::store
