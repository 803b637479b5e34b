// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "io/erofs/tree.hpp"

namespace lxr::io::erofs {
namespace {

// Lays one tree over another, breadth first, so that deep trees take no stack.
// Runs on: one thread.  Borrows: both trees.
class laying {
 public:
  explicit laying(tree& under) : under_(under) {}

  void run(node& lower, node& upper) {
    join(lower, upper, 0, nullptr);
    for (std::size_t i = 0; i < joints_.size(); ++i) {
      if (joints_[i].upper == nullptr) {
        clean(i);
      } else {
        merge(i);
      }
    }
  }

 private:
  // Two directories with the same path, to be merged. Without `upper`, `lower` itself came from the upper tree, and
  // clean() only removes its whiteouts and marks.
  struct joint {
    node* lower;
    node* upper;
    std::size_t above;  // index of the parent's joint
    const std::string* name;
  };

  void join(node& lower, node& upper, std::size_t above, const std::string* name) {
    if (!upper.xattrs.contains(implied_mark)) take_metadata(lower, upper);
    if (upper.xattrs.contains(opaque_mark)) lower.children.clear();
    joints_.push_back({&lower, &upper, above, name});
  }

  static void take_metadata(node& lower, const node& upper) {
    lower.mode = upper.mode;
    lower.uid = upper.uid;
    lower.gid = upper.gid;
    lower.mtime_seconds = upper.mtime_seconds;
    lower.mtime_nanoseconds = upper.mtime_nanoseconds;
    lower.xattrs = upper.xattrs;
    lower.xattrs.erase(opaque_mark);
  }

  void merge(std::size_t i) {
    node& lower = *joints_[i].lower;
    for (auto& [name, child] : joints_[i].upper->children) {
      if (child->is_whiteout()) {
        lower.children.erase(name);
        continue;
      }
      node*& there = lower.children[name];
      if (there != nullptr && there->is_directory() && child->is_directory()) {
        join(*there, *child, i, &name);
      } else if (node* const elsewhere = there == nullptr ? nullptr : target_of_link(*there, *child, i, name)) {
        join(*elsewhere, *child, i, &name);
      } else {
        there = child;
        if (child->is_directory()) joints_.push_back({child, nullptr, i, &name});
      }
    }
  }

  // When `upper` is an implied directory and `lower` a symbolic link, the members of `upper` belong into the directory
  // that the link leads to. Returns that directory; nullptr in every other case.
  node* target_of_link(const node& lower, const node& upper, std::size_t above, const std::string& name) {
    if (!lower.is_symbolic_link() || !upper.is_directory() || !upper.xattrs.contains(implied_mark)) return nullptr;
    try {
      return under_.directory(path_of(above) + name, true);
    } catch (const error&) {
      return nullptr;  // the link leads nowhere: the directory replaces it
    }
  }

  [[nodiscard]] std::string path_of(std::size_t i) const {
    std::vector<const std::string*> names;
    for (; joints_[i].name != nullptr; i = joints_[i].above) names.push_back(joints_[i].name);
    std::string path;
    for (auto name = names.rbegin(); name != names.rend(); ++name) path += **name + "/";
    return path;
  }

  void clean(std::size_t i) {
    node& directory = *joints_[i].lower;
    directory.xattrs.erase(implied_mark);
    directory.xattrs.erase(opaque_mark);
    directory.children.erase_if([](const auto& child) { return child.second->is_whiteout(); });
    for (auto& [name, child] : directory.children) {
      if (child->is_directory()) joints_.push_back({child, nullptr, i, &name});
    }
  }

  tree& under_;
  std::vector<joint> joints_;
};

}  // namespace

void tree::lay_over(tree upper, std::uint16_t device) {
  for (node& n : upper.nodes_) n.device = device;
  node& upper_root = upper.root();
  nodes_.splice(nodes_.end(), upper.nodes_);
  laying(*this).run(root(), upper_root);
}

}  // namespace lxr::io::erofs
