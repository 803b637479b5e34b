// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/erofs/index.hpp"

namespace lxr::io::erofs {
namespace {

// "path" a file, "path/" a directory, "path!" a whiteout, "path/!" an opaque directory, "path>target" a link. The size
// of a file is the number of its layer; parents that have no line of their own are implied.
tree make(const std::vector<std::string>& lines, unsigned layer = 1) {
  tree t;
  t.root().xattrs[implied_mark] = "y";
  for (std::string line : lines) {
    const bool mark = line.ends_with('!');
    if (mark) line.pop_back();
    const bool directory = line.ends_with('/');
    if (directory) line.pop_back();
    const auto arrow = line.find('>');
    const std::string target = arrow == std::string::npos ? "" : line.substr(arrow + 1), path = line.substr(0, arrow);
    const auto slash = path.rfind('/');
    node& parent = *t.directory(slash == std::string::npos ? "" : path.substr(0, slash), true);
    node*& n = parent.children[path.substr(slash == std::string::npos ? 0 : slash + 1)];
    if (n == nullptr) n = &t.add_node();
    n->xattrs.erase(implied_mark);
    n->uid = layer;
    n->mode = directory                    ? S_IFDIR | 0700
              : mark                       ? S_IFCHR
              : arrow != std::string::npos ? S_IFLNK | 0777
                                           : S_IFREG | 0600;
    if (directory && mark) n->xattrs[opaque_mark] = "y";
    n->link_target = target;
    if (S_ISREG(n->mode)) n->size = layer, n->extents = {{0, layer, 0}};
  }
  return t;
}

void describe(const node& n, const std::string& path, std::string& out) {
  for (const auto& [name, child] : n.children) {
    out += path + name +
           (child->is_directory()       ? "/"
            : child->is_symbolic_link() ? ">" + child->link_target
                                        : "=" + std::to_string(child->size)) +
           ":" + std::to_string(child->uid) + (child->xattrs.empty() ? "" : " marked") +
           (child->is_whiteout() ? " whiteout" : "") + "\n";
    describe(*child, path + name + "/", out);
  }
}

std::string laid(const std::vector<std::vector<std::string>>& layers) {
  tree whole;
  for (unsigned i = 0; i < layers.size(); ++i)
    whole.lay_over(make(layers[i], i + 1), static_cast<std::uint16_t>(i + 1));
  std::string out;
  describe(whole.root(), "", out);
  return out;
}

TEST(erofs_tree, laid_over_another_shows_what_overlayfs_would) {
  EXPECT_EQ(laid({{"d/", "d/a", "d/b", "f"}, {"d/", "d/b", "d/c"}}), "d/:2\nd/a=1:1\nd/b=2:2\nd/c=2:2\nf=1:1\n");
  EXPECT_EQ(laid({{"d/", "d/a", "e/", "e/x"}, {"d/a!", "e!"}}), "d/:1\n");
  EXPECT_EQ(laid({{"d/", "d/a"}, {"d/!", "d/b"}}), "d/:2\nd/b=2:2\n");
  EXPECT_EQ(laid({{"d/", "d/a"}, {"d"}, {"d/", "d/c"}}), "d/:3\nd/c=3:3\n");
  EXPECT_EQ(laid({{"f"}, {"f/", "f/x"}}), "f/:2\nf/x=2:2\n");
}

TEST(erofs_tree, marks_do_not_outlive_the_laying) {
  EXPECT_EQ(laid({{"a!", "d/!", "d/b!", "d/c"}}), "d/:1\nd/c=1:1\n");
  EXPECT_EQ(laid({{"f"}, {"new/!", "new/deep/", "new/deep/x!", "new/deep/y"}}),
            "f=1:1\nnew/:2\nnew/deep/:2\nnew/deep/y=2:2\n");
}

TEST(erofs_tree, parents_that_no_member_names_keep_what_lies_below) {
  EXPECT_EQ(laid({{"var/"}, {"var/log/x"}, {"var/log/y"}}), "var/:1\nvar/log/:0\nvar/log/x=2:2\nvar/log/y=3:3\n");
  // The classic: var/run is a link of a lower layer, and the upper one goes through it.
  EXPECT_EQ(laid({{"run/", "var/", "var/run>/run"}, {"var/run/app/pid"}}),
            "run/:1\nrun/app/:0\nrun/app/pid=2:2\nvar/:1\nvar/run>/run:1\n");
  EXPECT_EQ(laid({{"l>l"}, {"l/x"}}), "l/:0\nl/x=2:2\n");  // leads nowhere: the directory it is
}

TEST(erofs_tree, files_remember_their_layer) {
  tree whole;
  whole.lay_over(make({"a"}), 1);
  whole.lay_over(make({"b"}), 2);
  EXPECT_EQ(whole.root().children.at("a")->device, 1);
  EXPECT_EQ(whole.root().children.at("b")->device, 2);
}

std::string sample_index(const std::uint64_t* size) {
  tree t = make({"d/", "d/f", "d/l>target", "d/gone!", "implied/x", "long>" + std::string(700, 'l')});
  for (int i = 0; i < 200; ++i) {
    node& n = *(t.root().children["many" + std::to_string(i)] = &t.add_node());
    n.mode = S_IFREG | 0644;
    n.size = 100'000;
    n.extents = {{0, 100'000, 512u * static_cast<unsigned>(i)}};
    n.xattrs["user.x"] = std::to_string(i);
  }
  t.root().children["hard"] = t.root().children["many7"];
  t.root().children["disk"] = &t.add_node();
  *t.root().children["disk"] =
      node{.mode = S_IFBLK | 0600, .mtime_seconds = -5, .device_major = 259, .device_minor = 70000};
  return make_index(t, {size, 1});
}

TEST(erofs_index, read_back_is_the_tree_it_was_made_of) {
  const std::uint64_t size = 1 << 20;
  const std::string bytes = sample_index(&size);
  const tree t = read_index(as_bytes(bytes));
  EXPECT_EQ(make_index(t, {&size, 1}), bytes);
  EXPECT_EQ(t.root().children.at("hard"), t.root().children.at("many7"));
  EXPECT_EQ(t.root().children.at("disk")->device_minor, 70000u);
  EXPECT_EQ(t.root().children.at("many9")->xattrs.at("user.x"), "9");
}

TEST(erofs_index, damaged_bytes_give_a_tree_or_an_error) {
  const std::uint64_t size = 1 << 20;
  const std::string whole = sample_index(&size);
  std::mt19937 dice(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    for (unsigned i = 0, flips = 1 + dice() % 4; i < flips; ++i)
      bytes[dice() % bytes.size()] ^= static_cast<char>(1u << dice() % 8);
    if (round % 3 == 0) bytes.resize(dice() % bytes.size());
    try {
      read_index(as_bytes(bytes));
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::corrupt);
    }
  }
}

}  // namespace
}  // namespace lxr::io::erofs
