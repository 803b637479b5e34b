// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_tree.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <unordered_map>

#include "core/base/error.hpp"
#include "pipeline/layer/layer_files.hpp"
#include "pipeline/layer/member.hpp"
#include "pipeline/layer/tree_listing.hpp"

namespace lxr::layer {
namespace {

using io::erofs::node;
using io::erofs::tree;

// Reads a listing into a tree. Throws errc::exhausted when the budget has too little memory.
class listed_tree {
 public:
  listed_tree(int directory, pull_budget& budget) : names_(*listing_reader::open(directory)), memory_(budget) {
    while (auto l = names_.next()) {
      count(*l);
      add(std::move(*l));
    }
  }
  loaded_tree take() { return {std::move(tree_), std::move(memory_)}; }

 private:
  void count(const listed& l) {
    constexpr std::size_t of_attribute = 192, of_file = 64, step = 64u << 10;
    bytes_ += tree::memory_of_node + of_file + l.path.size() + l.link_target.size();
    for (const auto& [name, value] : l.xattrs) bytes_ += name.size() + value.size() + of_attribute;
    memory_.set((bytes_ + step - 1) / step * step, "the trees of the image's layers");
  }

  void add(listed l) {
    node* n = l.path.empty() ? &tree_.root() : nullptr;
    if (n == nullptr && !S_ISDIR(l.mode)) n = files_[l.inode];
    if (n == nullptr) n = &tree_.add_node();
    if (!S_ISDIR(l.mode)) files_[l.inode] = n;
    n->mode = l.mode;
    n->uid = l.uid;
    n->gid = l.gid;
    n->mtime_seconds = l.mtime_seconds;
    n->mtime_nanoseconds = l.mtime_nanoseconds;
    n->size = l.size;
    n->device_major = major(l.device);
    n->device_minor = minor(l.device);
    n->link_target = std::move(l.link_target);
    n->xattrs = std::move(l.xattrs);
    if (l.implied) n->xattrs[io::erofs::implied_mark] = "y";
    if (l.path.empty()) return;
    auto [above, name] = split_path(l.path);
    if (above != above_) {  // a listing has all names of one directory together
      parent_ = tree_.directory(above, false);
      above_ = std::move(above);
    }
    if (parent_ == nullptr) throw error(errc::corrupt, "use", "layer", "the listing of its files is damaged");
    parent_->children[std::move(name)] = n;
  }

  listing_reader names_;
  memory_share memory_;
  std::uint64_t bytes_ = 0;
  tree tree_;
  node* parent_ = &tree_.root();  // the directory with path above_
  std::string above_;
  std::unordered_map<std::uint64_t, node*> files_;
};

}  // namespace

placed_layer placed_layer::look_at(int directory) {
  struct stat st{};
  if (::fstat(directory, &st) != 0) throw_errno("look at", "layer");
  placed_layer out{directory, st.st_ino};
  out.is_tree = listing_reader::open(directory).has_value();
  out.is_indexed = !out.is_tree && ::faccessat(directory, index_file, F_OK, 0) == 0;
  return out;
}

loaded_tree tree_of(const placed_layer& l, pull_budget& budget) {
  return l.is_tree ? listed_tree(l.directory, budget).take() : read_layer_tree(l.directory, budget);
}

}  // namespace lxr::layer
