// SPDX-License-Identifier: Apache-2.0
#include "core/instance/container_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"

namespace lxr {
namespace {

using std::chrono::milliseconds;

std::string dir_path(const std::string& id) { return "containers/" + id; }
std::string lock_path(const std::string& id) { return dir_path(id) + "/lock"; }

bool has_config(const instance& where, const std::string& id) {
  return ::faccessat(where.root_fd(), (dir_path(id) + "/config.json").c_str(), F_OK, 0) == 0;
}

[[noreturn]] void gone(const std::string& id) {
  throw error(errc::not_found, "find container", '"' + short_id(id) + '"',
              "no such container: it was removed meanwhile");
}

// Locks state/containers. make_lock_file() holds the shared lock while it creates a container's state directory;
// list_states_of_this_root() keeps creators out by the exclusive one while it reads.
unique_fd lock_all(const instance& where, file::lock_kind kind) {
  unique_fd fd = file::open_at(where.state_fd(), "containers", O_RDONLY | O_DIRECTORY);
  file::lock(fd.get(), kind, where.state() + "/containers");
  return fd;
}

unique_fd make_lock_file(const instance& where, const std::string& id, const process_identity& maker) {
  const unique_fd making = lock_all(where, file::lock_kind::shared);
  file::make_directory_at(where.state_fd(), dir_path(id));
  unique_fd lock = file::open_at(where.state_fd(), lock_path(id), O_RDWR | O_CREAT);
  struct stat st{};
  if (::fstat(lock.get(), &st) == 0 && st.st_size > 0) return lock;  // another process created it first
  std::ostringstream text;
  text << where.root() << '\n' << maker.pid << ' ' << maker.start_time << ' ' << maker.boot << '\n';
  file::write_all(lock.get(), text.str(), "lock");
  return lock;
}

bool try_lock_file(int fd, const std::string& id) { return file::try_lock(fd, "container " + short_id(id)); }

// Returns false when the container was removed while we waited: its directory, with the file we have open, was renamed
// away.
bool is_in_place(const instance& where, const std::string& id, int fd) {
  struct stat ours{}, there{};
  return ::fstat(fd, &ours) == 0 && ::fstatat(where.state_fd(), lock_path(id).c_str(), &there, 0) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace

container_lock make_container_lock(const instance& where, const std::string& id, const process_identity& maker) {
  unique_fd fd = make_lock_file(where, id, maker);
  if (!try_lock_file(fd.get(), id))
    throw error(errc::conflict, "create container", short_id(id), "another process has its id");
  return container_lock(std::move(fd));
}

container_lock try_lock_container(const instance& where, const std::string& id) {
  auto fd = file::try_open_at(where.state_fd(), lock_path(id), O_RDWR);
  if (!fd && !has_config(where, id)) gone(id);
  if (!fd) fd = make_lock_file(where, id, {});  // the state directory was lost in a reboot
  if (!try_lock_file(fd->get(), id)) return {};
  if (!is_in_place(where, id, fd->get())) gone(id);
  // rm has renamed root/containers/<id> into the trash, and has died or is about to rename the state directory too.
  if (!has_config(where, id)) {
    quietly([&] { move_state_to_trash(where, dir_path(id)); });
    gone(id);
  }
  return container_lock(std::move(*fd));
}

task<container_lock> lock_container(const instance& where, std::string id, milliseconds limit) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + limit;
  asio::steady_timer soon(co_await asio::this_coro::executor);
  for (auto pause = milliseconds(1);; pause = std::min(pause * 2, milliseconds(20))) {
    if (container_lock lock = try_lock_container(where, id)) co_return lock;
    if (clock::now() >= deadline) {
      throw error(errc::conflict, "use container", '"' + short_id(id) + '"', "another lxr is working on it",
                  "wait until that is done, or end it");
    }
    co_await checkpoint();
    soon.expires_after(pause);
    co_await soon.async_wait(as_result);
  }
}

std::optional<unique_fd> open_state_dir(const instance& where, const std::string& id) {
  return file::try_open_at(where.state_fd(), dir_path(id), O_RDONLY | O_DIRECTORY);
}

process_identity maker_of(const instance& where, const std::string& id) {
  std::istringstream text(file::read_at(where.state_fd(), lock_path(id)).value_or(""));
  std::string root;
  process_identity maker;
  if (!std::getline(text, root) || !(text >> maker.pid >> maker.start_time >> maker.boot)) return {};
  return maker;
}

std::vector<std::string> list_states_of_this_root(const instance& where) {
  const unique_fd nobody_makes_any = lock_all(where, file::lock_kind::exclusive);
  std::vector<std::string> ids = file::list_at(where.state_fd(), "containers");
  std::erase_if(ids, [&where](const std::string& id) {
    const auto text = file::read_at(where.state_fd(), lock_path(id));
    const std::string owner = text ? text->substr(0, text->find('\n')) : "";
    return !owner.empty() && owner != where.root();
  });
  return ids;
}

}  // namespace lxr
