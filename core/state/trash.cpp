#include "core/state/trash.hpp"

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"

namespace lxr {
namespace {

// Another process may be removing it too; what stays is taken by the next one, and keeps nothing else from going.
void remove_quietly(int base, const std::string& path) {
  try {
    file::remove_tree_at(base, path);
  } catch (const error&) {
  }
}

std::optional<std::string> hide(int base, const std::string& path, const std::string& where) {
  const std::string hidden = "trash/" + random_hex(8);
  if (::renameat(base, path.c_str(), base, hidden.c_str()) == 0) return hidden;
  if (errno != ENOENT) throw_errno("remove", where + "/" + path);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> move_to_trash(const instance& where, const std::string& path) { return hide(where.root_fd(), path, where.root()); }

std::optional<std::string> move_state_to_trash(const instance& where, const std::string& path) { return hide(where.state_fd(), path, where.state()); }

void empty_trash(const instance& where) noexcept {
  try {
    for (const int base : {where.state_fd(), where.root_fd()}) {
      for (const std::string& name : file::list_at(base, "trash")) remove_quietly(base, "trash/" + name);
    }
  } catch (const std::exception&) {
    // the next one takes it
  }
}

}  // namespace lxr
