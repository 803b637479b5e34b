// SPDX-License-Identifier: Apache-2.0
#include <endian.h>
#include <sys/stat.h>

#include <cstring>
#include <unordered_map>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/erofs/format.hpp"
#include "io/erofs/index.hpp"

namespace lxr::io::erofs {
namespace {

[[noreturn]] void corrupt(const char* why) { throw error(errc::corrupt, "read", "EROFS index", why); }

// Reads little-endian fields at byte offsets of the image; throws errc::corrupt outside it.
class image {
 public:
  explicit image(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint8_t u8(std::uint64_t at) const { return get<std::uint8_t>(at); }
  [[nodiscard]] std::uint16_t u16(std::uint64_t at) const { return le16toh(get<std::uint16_t>(at)); }
  [[nodiscard]] std::uint32_t u32(std::uint64_t at) const { return le32toh(get<std::uint32_t>(at)); }
  [[nodiscard]] std::uint64_t u64(std::uint64_t at) const { return le64toh(get<std::uint64_t>(at)); }
  [[nodiscard]] std::string_view text(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) corrupt("it ends too early");
    return as_text(bytes_.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size)));
  }

 private:
  template <class Number>
  [[nodiscard]] Number get(std::uint64_t at) const {
    Number v;
    const std::string_view bytes = text(at, sizeof v);
    std::memcpy(&v, bytes.data(), bytes.size());
    return v;
  }
  std::span<const std::byte> bytes_;
};

class parser {
 public:
  explicit parser(std::span<const std::byte> bytes) : image_(bytes) {}

  tree parse() {
    if (image_.u32(superblock_offset) != magic || image_.u8(superblock_offset + 0x0c) != block_bits)
      corrupt("it is none");
    const std::uint64_t root = image_.u16(superblock_offset + 0x0e);
    known_.emplace(root, &tree_.root());
    read_inode(root, tree_.root());
    if (!tree_.root().is_directory()) corrupt("its root is not a directory");
    coming_.push_back(root);
    while (!coming_.empty()) {
      const std::uint64_t nid = coming_.back();
      coming_.pop_back();
      read_directory(nid, *known_.at(nid));
    }
    return std::move(tree_);
  }

 private:
  void read_inode(std::uint64_t nid, node& n) {
    const std::uint64_t at = nid * slot;
    const std::uint16_t format = image_.u16(at);
    if ((format & extended) == 0) corrupt("an inode has another form");
    n.mode = image_.u16(at + 0x04);
    n.size = image_.u64(at + 0x08);
    n.uid = image_.u32(at + 0x18);
    n.gid = image_.u32(at + 0x1c);
    n.mtime_seconds = static_cast<std::int64_t>(image_.u64(at + 0x20));
    n.mtime_nanoseconds = image_.u32(at + 0x28);
    const std::uint64_t xattrs = xattrs_size(at);
    read_xattrs(at + inode_size + xattr_header_size, at + inode_size + xattrs, n);
    if (S_ISREG(n.mode) && n.size > 0) {
      read_chunks(round_up(at + inode_size + xattrs, chunk_index_size), image_.u32(at + 0x10) & 0x1f, n);
    } else if (S_ISLNK(n.mode)) {
      n.link_target = image_.text(content_of(nid), n.size);
    } else if (S_ISCHR(n.mode) || S_ISBLK(n.mode)) {
      const std::uint32_t device = image_.u32(at + 0x10);
      n.device_major = device >> 8 & 0xfff;
      n.device_minor = (device & 0xff) | (device >> 12 & 0xfff00);
    }
    if (!S_ISREG(n.mode)) n.size = 0;
  }

  void read_chunks(std::uint64_t at, unsigned bits, node& n) const {
    const std::uint64_t chunk = block << bits;
    for (std::uint64_t offset = 0; offset < n.size; offset += chunk, at += chunk_index_size) {
      const std::uint32_t block_number = image_.u32(at + 4);
      if (block_number == no_block) continue;
      n.device = image_.u16(at + 2);
      const node::extent next{offset, std::min(chunk, n.size - offset), block_number * block};
      auto* const last = n.extents.empty() ? nullptr : &n.extents.back();
      if (last != nullptr && last->offset + last->size == next.offset &&
          last->data_offset + last->size == next.data_offset) {
        last->size += next.size;
      } else {
        n.extents.push_back(next);
      }
    }
  }

  [[nodiscard]] std::uint64_t xattrs_size(std::uint64_t at) const {
    const std::uint16_t count = image_.u16(at + 0x02);
    return count == 0 ? 0 : xattr_header_size + (count - std::uint64_t{1}) * 4;
  }

  void read_xattrs(std::uint64_t at, std::uint64_t end, node& n) const {
    while (at < end) {
      const std::uint8_t name_size = image_.u8(at), prefix = image_.u8(at + 1);
      const std::uint16_t value_size = image_.u16(at + 2);
      std::string name;
      for (const auto& [text, number] : xattr_prefixes) {
        if (number == prefix) name = text;
      }
      if (name.empty()) corrupt("an attribute has an unknown prefix");
      name += image_.text(at + xattr_entry_size, name_size);
      n.xattrs[name] = image_.text(at + xattr_entry_size + name_size, value_size);
      at += round_up(xattr_entry_size + name_size + value_size, 4);
    }
  }

  // Returns the byte offset at which the content of a directory or symbolic link begins.
  [[nodiscard]] std::uint64_t content_of(std::uint64_t nid) const {
    const std::uint64_t at = nid * slot;
    const bool is_inline = (image_.u16(at) & flat_inline) != 0;
    return is_inline ? at + inode_size + xattrs_size(at) : image_.u32(at + 0x10) * block;
  }

  void read_directory(std::uint64_t nid, node& n) {
    const std::uint64_t size = image_.u64(nid * slot + 0x08), begin = content_of(nid);
    for (std::uint64_t at = 0; at < size; at += block) read_block(begin + at, std::min(block, size - at), n);
  }

  void read_block(std::uint64_t at, std::uint64_t size, node& n) {
    const std::uint64_t count = image_.u16(at + 8) / dirent_size;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t entry = at + i * dirent_size;
      const std::uint64_t name_at = image_.u16(entry + 8);
      const std::uint64_t name_end = i + 1 < count ? image_.u16(entry + dirent_size + 8) : size;
      if (name_end < name_at || name_end > size) corrupt("a directory is damaged");
      std::string name(image_.text(at + name_at, name_end - name_at));
      if (i + 1 == count) name.resize(name.find_last_not_of('\0') + 1);
      if (name != "." && name != "..") add_child(n, std::move(name), image_.u64(entry));
    }
  }

  void add_child(node& of, std::string name, std::uint64_t nid) {
    if (name.empty() || name.find('/') != std::string::npos || name.find('\0') != std::string::npos ||
        nid > UINT64_MAX / slot / 2)
      corrupt("a directory is damaged");
    const auto [found, fresh] = known_.emplace(nid, nullptr);
    if (fresh) {
      found->second = &tree_.add_node();
      read_inode(nid, *found->second);
      if (found->second->is_directory()) coming_.push_back(nid);
    } else if (found->second->is_directory()) {
      corrupt("a directory has two names");
    }
    of.children[std::move(name)] = found->second;
  }

  image image_;
  tree tree_;
  std::unordered_map<std::uint64_t, node*> known_;
  std::vector<std::uint64_t> coming_;
};

}  // namespace

std::uint64_t node_count(std::span<const std::byte> index) {
  if (index.size() < superblock_offset + superblock_size) return 0;
  const image bytes(index);
  return bytes.u32(superblock_offset) == magic ? bytes.u64(superblock_offset + 0x10) : 0;
}

tree read_index(std::span<const std::byte> index) {
  parser p(index);
  return p.parse();
}

}  // namespace lxr::io::erofs
