// SPDX-License-Identifier: Apache-2.0
#include "pipeline/volume/volumes.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/base/json_fields.hpp"
#include "core/base/record.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_config.hpp"
#include "io/mount/bind.hpp"
#include "io/mount/rooted.hpp"
#include "io/process/acting_as.hpp"
#include "pipeline/volume/copy_tree.hpp"

namespace lxr::volume {
template <class Format, json::same_struct<volume_record> T>
void describe(Format& f, T& v) {
  f("name", v.name);
  f("created", v.created_ns);
  f("labels", v.labels);
  f("anonymous", v.is_anonymous);
  f("fresh", v.is_fresh);
  f("filling", v.is_filling);
}

namespace {

constexpr const char* directory = "volumes";

std::string path_of(const std::string& name) { return std::string(directory) + "/" + name; }
std::string record_path(const std::string& name) { return path_of(name) + "/volume.json"; }

void save(const instance& where, const volume_record& r) {
  json::field_writer writer;
  describe(writer, r);
  file::replace_at(where.root_fd(), record_path(r.name), record::text_of(writer.take()));
}

[[noreturn]] void is_busy(const std::string& what) {
  throw error(errc::conflict, "use", what, "another lxr is working on it", "wait until that is done, or end it");
}

unique_fd lock(const instance& where, file::lock_kind kind) {
  return file::lock_directory(where.root_fd(), directory, kind, "the volumes");
}

}  // namespace

unique_fd lock_shared(const instance& where) { return lock(where, file::lock_kind::shared); }
unique_fd lock_alone(const instance& where) { return lock(where, file::lock_kind::exclusive); }

bool create(const instance& where, const volume_record& wanted) {
  if (!is_name(wanted.name)) {
    throw error(errc::invalid_argument, "use volume name", '"' + wanted.name + '"',
                "it is letters, digits, _, . and -, and begins with a letter or digit");
  }
  if (find(where, wanted.name)) return false;
  constexpr mode_t readable = 0755;
  file::make_directory_at(where.root_fd(), path_of(wanted.name));
  file::make_directory_at(where.root_fd(), volume_path(wanted.name), readable);
  volume_record r = wanted;
  r.created_ns = unix_time_ns();
  r.is_fresh = true;
  save(where, r);
  return true;
}

std::optional<volume_record> find(const instance& where, const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  const auto text = file::read_at(where.root_fd(), record_path(name));
  if (!text) return std::nullopt;
  const std::string document = record_path(name);
  volume_record r = json::read_fields<volume_record>(record::read(*text, document), document);
  r.name = name;
  return r;
}

std::vector<volume_record> list(const instance& where) {
  std::vector<volume_record> out;
  for (const std::string& name : file::list_at(where.root_fd(), directory)) {
    if (auto r = find(where, name)) out.push_back(std::move(*r));
  }
  std::ranges::sort(out, {}, &volume_record::name);
  return out;
}

std::map<std::string, std::vector<std::string>> users(const instance& where) {
  std::map<std::string, std::vector<std::string>> out;
  for (const std::string& id : list_containers(where)) {
    try {
      const container_config config = load_config(where, id);
      for (const mount_request& m : config.storage.mounts) {
        if (m.kind == mount_kind::volume) out[m.source].push_back(config.name);
      }
    } catch (const error& e) {
      if (e.code() != errc::not_found) throw;  // it was removed, or is none yet
    }
  }
  return out;
}

void remove(const instance& where, const std::string& name) {
  {
    const unique_fd alone = lock_alone(where);
    if (!find(where, name)) throw error(errc::not_found, "remove volume", '"' + name + '"', "no volume has that name");
    std::string by;
    const auto used = users(where);
    const auto found = used.find(name);
    for (const std::string& user : found == used.end() ? std::vector<std::string>() : found->second)
      by += (by.empty() ? "" : ", ") + user;
    if (!by.empty())
      throw error(errc::conflict, "remove volume", '"' + name + '"', "volume is in use by " + by,
                  "remove these containers first");
    move_to_trash(where, path_of(name));
  }
  empty_trash(where);
}

pruned prune(const instance& where, bool all) {
  pruned out;
  std::vector<std::string> trash;
  {
    const unique_fd alone = lock_alone(where);
    const auto used = users(where);
    for (const volume_record& r : list(where)) {
      if ((!all && !r.is_anonymous) || used.contains(r.name)) continue;
      if (auto path = move_to_trash(where, path_of(r.name))) trash.push_back(std::move(*path));
      out.names.push_back(r.name);
    }
  }
  for (const std::string& path : trash) out.bytes += file::disk_usage_at(where.root_fd(), path);
  empty_trash(where);
  return out;
}

void provide(const instance& where, std::vector<mount_request>& mounts) {
  for (mount_request& m : mounts) {
    if (m.kind != mount_kind::volume) continue;
    if (m.source.empty()) m.source = new_container_id();
    create(where, {m.source, 0, {}, m.is_anonymous, true});
  }
}

namespace {

// The lock of one volume, on its directory: what is in it is a container's, which could lock it for ever.
task<unique_fd> lock_one(const instance& where, std::string name) {
  using std::chrono::milliseconds;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  unique_fd own = file::open_at(where.root_fd(), path_of(name), O_RDONLY | O_DIRECTORY);
  asio::steady_timer soon(co_await asio::this_coro::executor);
  for (auto pause = milliseconds(1); !file::try_lock(own.get(), name); pause = std::min(pause * 2, milliseconds(20))) {
    if (std::chrono::steady_clock::now() >= deadline) is_busy("volume " + name);
    co_await checkpoint();
    soon.expires_after(pause);
    co_await soon.async_wait(as_result);
  }
  co_return own;
}

// The caller holds the volume's lock. A copy that broke off begins anew.
void fill_one(const instance& where, volume_record r, const mount_request& m, int root,
              const io::mount::file_ids& ids) {
  unique_fd data = file::open_at(where.root_fd(), volume_path(m.source), O_RDONLY | O_DIRECTORY);
  if (ids.users >= 0) {
    data = io::mount::clone_mapped(data.get(), "volume " + m.source, ids.users);
    data = file::open_at(data.get(), ".", O_RDONLY | O_DIRECTORY);
  }
  std::vector<std::string> content = file::list_at(data.get(), ".");
  if (r.is_filling) {
    for (const std::string& name : content) file::remove_tree_at(data.get(), name);
    content.clear();
  }
  const auto from = io::mount::open_rooted(root, m.target, O_RDONLY | O_DIRECTORY);
  if (!from && content.empty()) return;  // still to be filled
  if (from && content.empty()) {
    r.is_filling = true;
    save(where, r);
    const io::process::acting_as owner(ids.uid, ids.gid);
    copy_tree(from->get(), data.get(), m.target);
  }
  r.is_fresh = r.is_filling = false;
  save(where, r);
}

}  // namespace

task<void> fill(const instance& where, std::vector<mount_request> mounts, int root, io::mount::file_ids ids) {
  for (const mount_request& m : mounts) {
    if (m.kind != mount_kind::volume || m.no_copy) continue;
    const auto before = find(where, m.source);
    if (!before || !before->is_fresh) continue;
    auto locking = lock_one(where, m.source);
    const unique_fd own = co_await std::move(locking);
    if (const auto r = find(where, m.source); r && r->is_fresh) fill_one(where, *r, m, root, ids);
  }
}

void remove_anonymous(const instance& where, const std::vector<mount_request>& mounts) noexcept {
  for (const mount_request& m : mounts) {
    if (m.is_anonymous && !m.source.empty()) quietly([&] { remove(where, m.source); });
  }
}

}  // namespace lxr::volume
