// SPDX-License-Identifier: Apache-2.0
// Any archive of well-formed members, in an order and with names that hit each other: both store drivers show the same
// tree, or both refuse it; and several archives as the layers of one image. Needs root: the layers are mounted.
#include <cstdio>
#include <cstdlib>

#include "tests/support/store_drivers.hpp"
#include "tests/support/tar_builder.hpp"

namespace {

// Choices out of the fuzzer's bytes; zeros when they are used up.
class choices {
 public:
  choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  unsigned pick(unsigned n) { return at_ < size_ ? data_[at_++] % n : 0; }
  [[nodiscard]] bool done() const { return at_ >= size_; }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

std::string path_of(choices& c) {
  static const char* const names[] = {"a",         "b",   "c", ".", "..", "ab", ".wh.a", ".wh.b", ".wh..wh..opq",
                                      ".wh..wh.x", "\xff"};
  std::string path = c.pick(8) == 0 ? "/" : "";
  for (unsigned i = 0, depth = 1 + c.pick(4); i < depth; ++i)
    path += (i > 0 ? "/" : "") + std::string(names[c.pick(i + 1 == depth ? 11 : 6)]);
  return path + (c.pick(8) == 0 ? "/" : "");
}

// A directory whose path led through a link that it replaced itself keeps the time of its last change in a tree.
lxr::test::description without_directory_times(lxr::test::description d) {
  if (!d) return d;
  for (auto& [name, line] : *d) {
    const auto at = line.find(" at ");
    if (at != std::string::npos && line.find(" links ") == std::string::npos)
      line.erase(at, line.find(' ', at + 4) == std::string::npos ? std::string::npos : line.find(' ', at + 4) - at);
  }
  return d;
}

std::string archive_of(choices& c, std::string& story) {
  lxr::test::tar_builder tar;
  for (int i = 0; i < 16 && !c.done(); ++i) {
    lxr::test::tar_builder::member m{.path = path_of(c),
                                     .mode = c.pick(256) * 16,
                                     .uid = c.pick(3),
                                     .gid = c.pick(3),
                                     .mtime = 1'000'000'000 + static_cast<long>(c.pick(100))};
    m.type = "0000555221346"[c.pick(13)];
    if (m.type == '0') m.content = std::string(c.pick(256) * 9, static_cast<char>('a' + c.pick(26)));
    if (m.type == '2' || m.type == '1') m.link = path_of(c);
    if (m.type == '3' || m.type == '4') m.minor = c.pick(3);
    if (c.pick(12) == 0) m.pax = {{"SCHILY.xattr.user.x", std::string(c.pick(200), 'v')}};
    if (m.type == '0' && !m.content.empty() && c.pick(12) == 0) {
      m.content.resize((m.content.size() + 511) / 512 * 512, 'p');
      m.pax = {{"GNU.sparse.size", std::to_string(m.content.size() + 8192)},
               {"GNU.sparse.map", "4096," + std::to_string(m.content.size())}};
    }
    tar.add(m);
    story += std::string(1, m.type) + " \"" + m.path + "\" -> \"" + m.link + "\" mode " + std::to_string(m.mode) +
             " size " + std::to_string(m.content.size()) + (m.pax.empty() ? "" : " " + m.pax.begin()->first) + "\n";
  }
  return tar.finish();
}

// Names that another layer took away still count in a tree, and those of a top layer.
lxr::test::description without_link_counts(lxr::test::description d) {
  if (!d) return d;
  for (auto& [name, line] : *d) {
    if (const auto at = line.find(" links "); at != std::string::npos) line.erase(at, line.find(' ', at + 7) - at);
  }
  return d;
}

void expect_same(const lxr::test::description& directories, const lxr::test::description& erofs,
                 const std::string& story) {
  if (directories == erofs) return;
  std::fprintf(stderr, "%s", story.c_str());
  std::fprintf(stderr, "directories: %s, erofs: %s\n", directories ? "shown" : "refused", erofs ? "shown" : "refused");
  if (directories && erofs) {
    for (const auto& [name, line] : *directories) {
      if (!erofs->contains(name) || erofs->at(name) != line)
        std::fprintf(stderr, "- %s: %s\n", name.c_str(), line.c_str());
    }
    for (const auto& [name, line] : *erofs) {
      if (!directories->contains(name) || directories->at(name) != line)
        std::fprintf(stderr, "+ %s: %s\n", name.c_str(), line.c_str());
    }
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices c(data, size);
  std::string story;
  std::vector<std::string> archives;
  for (unsigned layers = 1 + c.pick(3); layers > 0; --layers) {
    story += "layer\n";
    archives.push_back(archive_of(c, story));
  }
  if (std::getenv("LXR_FUZZ_SHOW") != nullptr) std::fprintf(stderr, "%s", story.c_str());
  if (archives.size() == 1) {
    expect_same(without_directory_times(lxr::test::by_directories(archives[0])),
                without_directory_times(lxr::test::by_erofs(archives[0])), story);
  } else {
    expect_same(without_link_counts(without_directory_times(lxr::test::image_by_directories(archives))),
                without_link_counts(without_directory_times(lxr::test::image_by_erofs(archives))), story);
  }
  return 0;
}
