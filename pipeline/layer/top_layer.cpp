// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/top_layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/layer/checksums.hpp"
#include "pipeline/layer/layer_files.hpp"
#include "pipeline/layer/layer_tree.hpp"
#include "pipeline/layer/member.hpp"
#include "pipeline/layer/tree_listing.hpp"

namespace lxr::layer {
namespace {

using io::erofs::node;
using io::erofs::tree;
using layer = placed_layer;

// The trees of all layers, and for each node which file of which layer it is.
// Runs on: one thread.  Owns: the trees, and their memory of the budget.
class layer_trees {
 public:
  layer_trees(const std::vector<layer>& layers, pull_budget& budget) : memory_(budget) {
    for (const layer& l : layers) trees_.push_back(tree_of(l, budget));
    for (std::size_t i = 0; i < layers.size(); ++i) note(trees_[i].members.root(), i);
  }
  [[nodiscard]] const node& root(std::size_t place) const { return trees_[place].members.root(); }
  [[nodiscard]] const std::pair<std::size_t, std::string>& origin_of(const node& n) const { return origins_.at(&n); }
  // Moves the trees together. Nodes keep their addresses, so origin_of() stays valid.
  tree lay_over_each_other() {
    tree out;
    for (std::size_t i = 0; i < trees_.size(); ++i)
      out.lay_over(std::move(trees_[i].members), static_cast<std::uint16_t>(i + 1));
    return out;
  }

 private:
  void note(const node& root, std::size_t place) {
    constexpr std::size_t of_origin = 128, step = 64u << 10;
    std::vector<std::pair<const node*, std::string>> coming{{&root, ""}};
    while (!coming.empty()) {
      const auto [directory, prefix] = std::move(coming.back());
      coming.pop_back();
      if (prefix.size() > path_limit)
        throw error(errc::unsupported, "use layer", "", "its directories are deeper than any path");
      for (const auto& [name, child] : directory->children) {
        bytes_ += of_origin + prefix.size() + name.size();
        memory_.set((bytes_ + step - 1) / step * step, "the trees of the image's layers");
        if (child->is_directory()) {
          coming.emplace_back(child, prefix + name + "/");
        } else {
          origins_.emplace(child, std::pair(place, prefix + name));
        }
      }
    }
  }

  std::vector<loaded_tree> trees_;
  memory_share memory_;  // memory of origins_
  std::uint64_t bytes_ = 0;
  std::unordered_map<const node*, std::pair<std::size_t, std::string>> origins_;
};

// What overlayfs shows at one path: directories of several layers, the uppermost first, or one node of another kind.
struct seen {
  std::vector<const node*> directories;
  const node* other = nullptr;

  [[nodiscard]] seen child(const std::string& name) const {
    seen out;
    for (const node* directory : directories) {
      const auto found = directory->children.find(name);
      if (found == directory->children.end()) continue;
      const node* const n = found->second;
      if (!n->is_directory()) {
        if (out.directories.empty() && !n->is_whiteout()) out.other = n;
        return out;
      }
      out.directories.push_back(n);
      if (n->xattrs.contains(io::erofs::opaque_mark)) return out;
    }
    return out;
  }
  [[nodiscard]] bool nothing() const { return directories.empty() && other == nullptr; }
  // Returns true when overlayfs would list whiteouts here: it does so in a directory that only one layer has.
  [[nodiscard]] bool lists_whiteouts() const {
    return directories.size() == 1 && std::ranges::any_of(directories.front()->children, [](const auto& child) {
             return child.second->is_whiteout();
           });
  }
};

class writer {
 public:
  writer(const std::vector<layer>& layers, int image, pull_budget& budget)
      : layers_(layers),
        image_(image),
        shown_(layers, budget),
        laid_over_(layers, budget),
        wanted_(laid_over_.lay_over_each_other()) {}

  bool run() {
    seen root;  // overlayfs ignores an opaque mark on a layer's root
    for (std::size_t i = layers_.size(); i-- > 0;) {
      if (!is_repeated_above(i)) root.directories.push_back(&shown_.root(i));
    }
    correct(root, wanted_.root(), "");
    if (!root_) return false;
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) finish_directory(made->first, *made->second);
    listing_writer listing(image_);
    const auto add = [&](listed& l) {
      if (S_ISREG(l.mode))
        l.checksum = checksum_of(io::mount::open_rooted(root_.get(), l.path, O_RDONLY | O_NOFOLLOW).value().get());
      listing.add(l);
    };
    visit_tree(root_.get(), {.name = add});
    listing.finish();
    return true;
  }

 private:
  // Returns true when the same layer comes again above: it is mounted once, at its uppermost place
  // (image_store::open_layers).
  [[nodiscard]] bool is_repeated_above(std::size_t i) const {
    return std::ranges::any_of(layers_.begin() + static_cast<std::ptrdiff_t>(i) + 1, layers_.end(),
                               [&](const layer& l) { return l.inode == layers_[i].inode; });
  }

  // Compares the directory at `path` with what overlayfs shows, and puts into the top layer what differs. Where
  // overlayfs shows no directory, all of it is made.
  void correct(const seen& shown, const node& wanted, const std::string& path) {
    // A container's own layer lies over the root.
    const bool lists_whiteouts = !path.empty() && shown.lists_whiteouts();
    if (shown.directories.empty() || lists_whiteouts || !same_directory(*shown.directories.front(), wanted))
      make_directory(path);
    const std::string prefix = path.empty() ? "" : path + "/";
    for (const auto& [name, child] : wanted.children) {
      const seen now = shown.child(name);
      if (child->is_directory()) {
        correct(now, *child, prefix + name);
      } else if (now.other == nullptr || laid_over_.origin_of(*child) != shown_.origin_of(*now.other)) {
        make_directory(path);
        place(*child, prefix + name);
      }
    }
    for (const node* directory : shown.directories) {
      for (const auto& [name, child] : directory->children) {
        if (!wanted.children.contains(name) && !shown.child(name).nothing()) hide(path, prefix + name);
      }
    }
  }

  void hide(const std::string& above, const std::string& path) {
    make_directory(above);
    if (::mknodat(root_.get(), path.c_str(), S_IFCHR, makedev(0, 0)) != 0 && errno != EEXIST)
      throw_errno("white out", path);
  }

  // Does not compare times: those of an implied directory come from no layer.
  static bool same_directory(const node& a, const node& b) {
    const auto attributes = [](const node& n) {
      auto out = n.xattrs;
      out.erase_if([](const auto& x) { return !is_kept_attribute(x.first); });
      return out;
    };
    return a.mode == b.mode && a.uid == b.uid && a.gid == b.gid && attributes(a) == attributes(b);
  }

  // Makes the directory and its parents in the top layer; overlayfs takes their metadata from there then.
  void make_directory(const std::string& path) {
    if (made_.contains(path)) return;
    if (path.empty()) {
      file::make_directory_at(image_, "root", 0755);
      root_ = file::open_at(image_, "root", O_RDONLY | O_DIRECTORY);
    } else {
      make_directory(split_path(path).first);
      if (::mkdirat(root_.get(), path.c_str(), 0700) != 0) throw_errno("make directory", path);
    }
    made_.emplace(path, find(path));
  }

  [[nodiscard]] const node* find(const std::string& path) const {
    const node* at = &wanted_.root();
    for (std::string_view rest = path; !rest.empty();) {
      const auto end = std::min(rest.find('/'), rest.size());
      at = at->children.at(std::string(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return at;
  }

  void finish_directory(const std::string& path, const node& n) const {
    const auto fd = io::mount::open_rooted(root_.get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd) throw error(errc::conflict, "make", '"' + path + '"', "it went away meanwhile");
    describe(fd->get(), n, path);
  }

  void place(const node& n, const std::string& at) {
    if (const auto other = placed_.find(&n); other != placed_.end()) {
      if (::linkat(root_.get(), other->second.c_str(), root_.get(), at.c_str(), 0) != 0) throw_errno("link", at);
      return;
    }
    placed_.emplace(&n, at);
    if (S_ISREG(n.mode)) return place_file(n, at);
    const bool link = S_ISLNK(n.mode);
    const int made =
        link ? ::symlinkat(n.link_target.c_str(), root_.get(), at.c_str())
             : ::mknodat(root_.get(), at.c_str(), (n.mode & S_IFMT) | 0600, makedev(n.device_major, n.device_minor));
    if (made != 0) throw_errno("create", at);
    if (::fchownat(root_.get(), at.c_str(), n.uid, n.gid, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("set owner of", at);
    if (!link && ::fchmodat(root_.get(), at.c_str(), n.mode & 07777, 0) != 0) throw_errno("set mode of", at);
    const timespec time{static_cast<time_t>(n.mtime_seconds), static_cast<long>(n.mtime_nanoseconds)};
    const timespec times[2] = {time, time};
    ::utimensat(root_.get(), at.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

  void place_file(const node& n, const std::string& at) {
    const auto& [origin, origin_path] = laid_over_.origin_of(n);
    const layer& from = layers_[origin];
    if (from.is_tree) {
      const auto [above, name] = split_path(origin_path);
      const unique_fd layer_root = file::open_at(from.directory, "root", O_RDONLY | O_DIRECTORY);
      const auto directory =
          io::mount::open_rooted(layer_root.get(), above.empty() ? "." : above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!directory || ::linkat(directory->get(), name.c_str(), root_.get(), at.c_str(), 0) != 0)
        throw_errno("link", at);
      return;
    }
    const unique_fd data = file::open_at(from.directory, data_file, O_RDONLY);
    const unique_fd fd = file::open_at(root_.get(), at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    for (const node::extent& e : n.extents) copy(data.get(), e, fd.get(), at);
    if (::ftruncate(fd.get(), static_cast<off_t>(n.size)) != 0) throw_errno("write", at);
    describe(fd.get(), n, at);
  }

  static void copy(int data, const node::extent& what, int to, const std::string& path) {
    off_t from = static_cast<off_t>(what.data_offset), at = static_cast<off_t>(what.offset);
    for (std::uint64_t left = what.size; left > 0;) {
      const ssize_t done = ::copy_file_range(data, &from, to, &at, left, 0);
      if (done <= 0) throw_errno(done == 0 ? EIO : errno, "write", path);
      left -= static_cast<std::uint64_t>(done);
    }
  }

  static void describe(int fd, const node& n, const std::string& path) {
    if (::fchown(fd, n.uid, n.gid) != 0) throw_errno("set owner of", path);
    if (::fchmod(fd, n.mode & 07777) != 0) throw_errno("set mode of", path);
    for (const auto& [name, value] : n.xattrs) {
      if (!is_kept_attribute(name)) continue;  // marks for overlayfs have been applied already
      if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && errno != EOPNOTSUPP)
        throw_errno("set attribute " + name + " of", path);
    }
    const timespec time{static_cast<time_t>(n.mtime_seconds), static_cast<long>(n.mtime_nanoseconds)};
    const timespec times[2] = {time, time};
    ::futimens(fd, times);
  }

  const std::vector<layer>& layers_;
  int image_;
  const layer_trees shown_;
  layer_trees laid_over_;
  const tree wanted_;
  unique_fd root_;
  std::map<std::string, const node*> made_;  // directories of the top layer
  std::unordered_map<const node*, std::string> placed_;
};

// Decides whether any layer has something that overlayfs shows differently from unpacking: an implied directory, a
// whiteout in a nested directory, an opaque root. Most images have none, except implied roots that are like all other
// roots.
class search {
 public:
  explicit search(pull_budget& budget) : budget_(budget) {}

  // Call it for the layers from the lowest to the uppermost.
  void add(const layer& l) {
    l.is_tree ? add_listing(l.directory) : add_tree(tree_of(l, budget_).members);
    is_lowest_ = false;
  }
  [[nodiscard]] bool found() const noexcept { return found_; }

 private:
  struct seen_name {
    bool is_root, is_nested, is_whiteout, is_implied, is_opaque, is_plain;
  };

  void look_at(const seen_name& n) {
    if (n.is_whiteout && n.is_nested) found_ = true;
    if (!is_lowest_ && n.is_implied && !(n.is_root && plain_roots_)) found_ = true;
    if (!is_lowest_ && n.is_root && n.is_opaque) found_ = true;
    if (n.is_root) roots_here_are_plain_ = n.is_plain;
  }

  template <class Name>
  static bool is_plain(const Name& directory) {
    return (directory.mode & 07777) == 0755 && directory.uid == 0 && directory.gid == 0;
  }

  void add_listing(int directory) {
    auto names = *listing_reader::open(directory);
    while (const auto l = names.next()) {
      look_at({l->path.empty(), l->path.find('/') != std::string::npos, S_ISCHR(l->mode) && l->device == 0, l->implied,
               l->xattrs.contains(io::erofs::opaque_mark), is_plain(*l) && l->xattrs.empty()});
    }
    plain_roots_ = plain_roots_ && roots_here_are_plain_;
  }

  void add_tree(const tree& t) {
    const auto look = [this](const node& n, int depth) {
      const bool implied = n.xattrs.contains(io::erofs::implied_mark);
      look_at({depth == 0, depth > 1, n.is_whiteout(), implied, n.xattrs.contains(io::erofs::opaque_mark),
               is_plain(n) && n.xattrs.size() == (implied ? 1u : 0u)});
    };
    std::vector<std::pair<const node*, int>> coming{{&t.root(), 0}};
    look(t.root(), 0);
    while (!coming.empty()) {
      const auto [directory, depth] = coming.back();
      coming.pop_back();
      for (const auto& [name, child] : directory->children) {
        look(*child, depth + 1);
        if (child->is_directory()) coming.emplace_back(child, depth + 1);
      }
    }
    plain_roots_ = plain_roots_ && roots_here_are_plain_;
  }

  pull_budget& budget_;
  bool found_ = false, is_lowest_ = true, plain_roots_ = true, roots_here_are_plain_ = true;
};

}  // namespace

bool make_top_layer(const std::vector<unique_fd>& layers, int image, pull_budget& budget) {
  std::vector<layer> all;
  all.reserve(layers.size());
  for (const unique_fd& directory : layers) all.push_back(placed_layer::look_at(directory.get()));
  // Stored by an earlier lxr: what it implies is not recorded.
  if (!std::ranges::all_of(all, &layer::is_known)) return false;
  search differences(budget);
  for (const layer& l : all) differences.add(l);
  return differences.found() && writer(all, image, budget).run();
}

}  // namespace lxr::layer
