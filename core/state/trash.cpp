#include "core/state/trash.hpp"

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"

namespace lxr {

bool move_to_trash(const instance& where, const std::string& path) {
  const std::string hidden = "trash/" + random_hex(8);
  if (::renameat(where.root_fd(), path.c_str(), where.root_fd(), hidden.c_str()) == 0) return true;
  if (errno != ENOENT) throw_errno("remove", where.root() + "/" + path);
  return false;
}

void empty_trash(const instance& where) noexcept {
  try {
    for (const std::string& name : file::list_at(where.root_fd(), "trash")) file::remove_tree_at(where.root_fd(), "trash/" + name);
  } catch (const std::exception&) {
    // another process may be emptying it too; what stays is taken by the next one
  }
}

}  // namespace lxr
