// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/tree.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/layer/checksums.hpp"
#include "pipeline/layer/member.hpp"
#include "pipeline/layer/tree_listing.hpp"

namespace lxr::layer {
namespace {

std::string attribute_of(int fd, const char* name) {
  std::string value(65536, '\0');  // XATTR_SIZE_MAX
  const ssize_t size = ::fgetxattr(fd, name, value.data(), value.size());
  if (size < 0) throw_errno("read attribute", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

std::map<std::string, std::string> attributes_of(int fd, const std::string& path) {
  char few[1024];
  std::string many;
  char* names = few;
  ssize_t size = ::flistxattr(fd, few, sizeof few);
  if (size < 0 && errno == ERANGE) {
    many.resize(65536);  // XATTR_LIST_MAX
    names = many.data();
    size = ::flistxattr(fd, names, many.size());
  }
  if (size < 0 && errno != EOPNOTSUPP) throw_errno("list the attributes of", path);
  std::map<std::string, std::string> out;
  for (const char* name = names; name < names + size; name += std::strlen(name) + 1) {
    // The other attributes belong to the host, such as security.selinux.
    if (is_kept_attribute(name) || std::string_view(name) == io::erofs::opaque_mark) out[name] = attribute_of(fd, name);
  }
  return out;
}

std::string target_of(int directory, const std::string& name) {
  std::string target(4096, '\0');  // PATH_MAX
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0) throw_errno("read link", name);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

listed describe(const struct stat& st, std::string path) {
  listed l{.path = std::move(path),
           .mode = st.st_mode,
           .uid = st.st_uid,
           .gid = st.st_gid,
           .mtime_nanoseconds = static_cast<std::uint32_t>(st.st_mtim.tv_nsec),
           .mtime_seconds = st.st_mtim.tv_sec};
  l.size = S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
  l.device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? st.st_rdev : 0;
  l.inode = st.st_ino;
  return l;
}

unique_fd must_open(int root, const std::string& path, int flags) {
  auto fd = io::mount::open_rooted(root, path.empty() ? "." : path, flags | O_NOFOLLOW);
  if (!fd) throw error(errc::conflict, "list", '"' + path + '"', "it went away meanwhile");
  return std::move(*fd);
}

listed describe_member(int directory, const std::string& name, const std::string& above,
                       const std::function<bool(std::uint64_t)>& may_have_attributes) {
  struct stat st{};
  if (::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("look at", above + name);
  listed l = describe(st, above + name);
  if (S_ISLNK(st.st_mode)) l.link_target = target_of(directory, name);
  if (S_ISREG(st.st_mode) && may_have_attributes(st.st_ino))
    l.xattrs = attributes_of(file::open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).get(), l.path);
  return l;
}

// The subdirectories of one directory that are still to be visited; the last one is next.
struct pending_directories {
  std::string prefix;  // of their paths, up to the last '/'
  std::vector<std::string> names;
};

// Visits the names in the directory at `path`; returns its subdirectories.
pending_directories visit_directory(int root, const std::string& path, const tree_visitor& visitor) {
  pending_directories out{path.empty() ? "" : path + "/", {}};
  const unique_fd directory = must_open(root, path, O_RDONLY | O_DIRECTORY);
  std::vector<std::string> names = file::list_at(directory.get(), ".");
  std::ranges::sort(names);
  for (std::string& name : names) {
    listed l = describe_member(directory.get(), name, out.prefix, visitor.may_have_attributes);
    const bool is_directory = S_ISDIR(l.mode);
    if (is_directory) l.xattrs = attributes_of(must_open(directory.get(), name, O_RDONLY | O_DIRECTORY).get(), l.path);
    visitor.name(l);
    if (is_directory) out.names.push_back(std::move(name));
  }
  visitor.end_of(path);
  return out;
}

}  // namespace

void visit_tree(int root, const tree_visitor& visitor) {
  struct stat st{};
  if (::fstat(root, &st) != 0) throw_errno("look at", "root");
  listed top = describe(st, "");
  top.xattrs = attributes_of(root, "");
  visitor.name(top);
  std::vector<pending_directories> levels{visit_directory(root, "", visitor)};
  while (!levels.empty()) {
    if (levels.back().names.empty()) {
      levels.pop_back();
      continue;
    }
    const std::string next = levels.back().prefix + levels.back().names.back();
    levels.back().names.pop_back();
    levels.push_back(visit_directory(root, next, visitor));
  }
}

namespace {

// Returns nullptr when all properties are equal.
const char* other_property(const listed& was, const listed& is) {
  if ((was.mode & S_IFMT) != (is.mode & S_IFMT)) return "another type";
  if (was.mode != is.mode) return "another mode";
  if (was.uid != is.uid || was.gid != is.gid) return "another owner";
  if (was.size != is.size) return "another size";
  if (was.device != is.device) return "another device number";
  if (was.link_target != is.link_target) return "another target";
  if (was.xattrs != is.xattrs) return "other attributes";
  if (was.mtime_seconds != is.mtime_seconds || was.mtime_nanoseconds != is.mtime_nanoseconds) return "another time";
  return nullptr;
}

bool same_content(int root, const listed& l) {
  return !l.checksum || checksum_of(must_open(root, l.path, O_RDONLY).get()) == *l.checksum;
}

// Compares a stored listing with the tree on disk, name by name: both have the same order until something differs.
// Runs on: one thread.  Borrows: the listing.
class comparison {
 public:
  comparison(int root, listing_reader& stored) : root_(root), stored_(stored), was_(stored.next()) {}

  std::string run() {
    visit_tree(root_, {.name = [this](listed& is) { look_at(is); },
                       .end_of = [this](const std::string& directory) { expect_end_of(directory); }});
    if (difference_.empty() && was_) miss();
    if (difference_.empty()) compare_links();
    return difference_;
  }

 private:
  void miss() { difference_ = '"' + was_->path + "\" is missing"; }

  void look_at(const listed& is) {
    if (!difference_.empty()) return;
    if (!was_ || was_->path != is.path) {
      const bool was_before = was_ && split_path(was_->path).first == split_path(is.path).first && was_->path < is.path;
      return was_before ? miss() : void(difference_ = '"' + is.path + "\" was added");
    }
    if (S_ISREG(is.mode) && is.size == was_->size && !same_content(root_, *was_)) {
      difference_ = "the content of \"" + is.path + "\" has changed";
    } else if (const char* const what = other_property(*was_, is)) {
      difference_ = '"' + is.path + "\" has " + what;
    }
    if (!S_ISDIR(is.mode)) files_.push_back({was_->inode, is.inode, count_});
    ++count_;
    was_ = stored_.next();
  }

  void expect_end_of(const std::string& directory) {
    if (difference_.empty() && was_ && !was_->path.empty() && split_path(was_->path).first == directory) miss();
  }

  // Checks that the names which shared a file still share one, and no others do.
  void compare_links() {
    const auto find = [this](auto group, auto other) {
      std::ranges::sort(files_, {}, [group](const pair& p) { return std::pair(std::invoke(group, p), p.place); });
      const auto parted = [&](const pair& a, const pair& b) {
        return std::invoke(group, a) == std::invoke(group, b) && std::invoke(other, a) != std::invoke(other, b);
      };
      const auto found = std::ranges::adjacent_find(files_, parted);
      return found == files_.end() ? std::optional<std::uint64_t>() : std::next(found)->place;
    };
    auto place = find(&pair::was, &pair::is);
    if (!place) place = find(&pair::is, &pair::was);
    if (!place) return;
    visit_tree(root_, {.name = [&, at = std::uint64_t{0}](const listed& l) mutable {
                 if (at++ == *place) difference_ = '"' + l.path + "\" has other hard links";
               }});
  }

  struct pair {
    std::uint64_t was, is;  // inode numbers, in the listing and on disk
    std::uint64_t place;    // position of the name, counted from the root, which is 0
  };
  int root_;
  listing_reader& stored_;
  std::optional<listed> was_;  // the next name of the listing
  std::vector<pair> files_;
  std::uint64_t count_ = 0;
  std::string difference_;
};

}  // namespace

std::string first_difference(int directory) {
  auto stored = listing_reader::open(directory);
  const auto root = file::try_open_at(directory, "root", O_RDONLY | O_DIRECTORY);
  if (!root) throw error(errc::corrupt, "check", "layer", "its files are missing");
  if (!stored)
    throw error(errc::unsupported, "check", "layer", "there is no listing of its files: an earlier lxr stored it");
  return comparison(root->get(), *stored).run();
}

}  // namespace lxr::layer
