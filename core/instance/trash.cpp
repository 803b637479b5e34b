// SPDX-License-Identifier: Apache-2.0
#include "core/instance/trash.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/async/offload.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"

namespace lxr {
namespace {

constexpr std::size_t few = 16;  // entries; up to this number one thread is faster than several

// Removes one entry of a trash directory. Another process may be removing it too. An entry that cannot be removed now
// is left to the next empty_trash() and does not stop the others.
struct removal final : worker_pool::job {
  removal(int b, std::string p) : base(b), path(std::move(p)) {}
  void run() noexcept override {
    quietly([&] { file::remove_tree_at(base, path); });
  }
  int base;
  std::string path;
};

std::optional<std::string> hide(int base, const std::string& path, const std::string& base_path) {
  std::string hidden = "trash/" + random_hex(8);
  if (::renameat(base, path.c_str(), base, hidden.c_str()) == 0) return hidden;
  if (errno != ENOENT) throw_errno("remove", base_path + "/" + path);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> move_to_trash(const instance& where, const std::string& path) {
  return hide(where.root_fd(), path, where.root());
}

std::optional<std::string> move_state_to_trash(const instance& where, const std::string& path) {
  return hide(where.state_fd(), path, where.state());
}

void make_room(const instance& where) noexcept {
  empty_trash(where);
  ::poll(nullptr, 0, 20);
}

void empty_trash(const instance& where) noexcept {
  try {
    std::vector<std::unique_ptr<removal>> all;
    for (const int base : {where.state_fd(), where.root_fd()}) {
      for (const std::string& name : file::list_at(base, "trash"))
        all.push_back(std::make_unique<removal>(base, "trash/" + name));
    }
    if (all.size() > few) {
      // Several processes that empty the trash at once begin at different entries.
      std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(random_u64() % all.size()));
      try {
        worker_pool pool(4);  // some filesystems wait for the disk at each deletion
        for (auto& one : all) pool.submit(std::move(one), worker_pool::at_once);
        return;
      } catch (const error&) {
        // No thread could be started: remove the entries on this one.
      }
    }
    for (const auto& one : all) one->run();
  } catch (const std::exception&) {
    // The next empty_trash() tries again.
  }
}

}  // namespace lxr
