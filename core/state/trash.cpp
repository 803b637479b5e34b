#include "core/state/trash.hpp"

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"

namespace lxr {
namespace {

// Another process may be removing it too; what stays is taken by the next one, and keeps nothing else from going.
void remove_quietly(const instance& where, const std::string& path) {
  try {
    file::remove_tree_at(where.root_fd(), path);
  } catch (const error&) {
  }
}

}  // namespace


std::optional<std::string> move_to_trash(const instance& where, const std::string& path) {
  const std::string hidden = "trash/" + random_hex(8);
  if (::renameat(where.root_fd(), path.c_str(), where.root_fd(), hidden.c_str()) == 0) return hidden;
  if (errno != ENOENT) throw_errno("remove", where.root() + "/" + path);
  return std::nullopt;
}

void empty_trash(const instance& where) noexcept {
  try {
    for (const std::string& name : file::list_at(where.root_fd(), "trash")) remove_quietly(where, "trash/" + name);
  } catch (const std::exception&) {
    // the next one takes it
  }
}

}  // namespace lxr
