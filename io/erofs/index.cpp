// SPDX-License-Identifier: Apache-2.0
#include "io/erofs/index.hpp"

#include <endian.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "io/erofs/format.hpp"

namespace lxr::io::erofs {
namespace {

// Writes little-endian fields at byte offsets of the image; bytes that nothing writes are zero.
class image {
 public:
  explicit image(std::uint64_t size) : bytes_(size, '\0') {}
  void u8(std::uint64_t at, std::uint8_t v) { bytes_[at] = static_cast<char>(v); }
  void u16(std::uint64_t at, std::uint64_t v) { put(at, htole16(static_cast<std::uint16_t>(v))); }
  void u32(std::uint64_t at, std::uint64_t v) { put(at, htole32(static_cast<std::uint32_t>(v))); }
  void u64(std::uint64_t at, std::uint64_t v) { put(at, htole64(v)); }
  void text(std::uint64_t at, std::string_view v) { std::memcpy(bytes_.data() + at, v.data(), v.size()); }
  std::string take() { return std::move(bytes_); }

 private:
  template <class Number>
  void put(std::uint64_t at, Number v) {
    std::memcpy(bytes_.data() + at, &v, sizeof v);
  }
  std::string bytes_;
};

struct xattr_name {
  std::uint8_t prefix;
  std::string_view rest;
};

xattr_name shorten(std::string_view name) {
  for (const auto& [text, number] : xattr_prefixes) {
    if (name.starts_with(text)) return {number, name.substr(text.size())};
  }
  throw not_indexable("attribute " + std::string(name), "EROFS has no such attributes");
}

std::uint64_t xattrs_size(const node& n) {
  if (n.xattrs.empty()) return 0;
  std::uint64_t size = xattr_header_size;
  for (const auto& [name, value] : n.xattrs) {
    const xattr_name s = shorten(name);
    if (s.rest.size() > 255 || value.size() > 65535)
      throw not_indexable("attribute " + name, "it is too long for EROFS");
    size += round_up(xattr_entry_size + s.rest.size() + value.size(), 4);
  }
  if ((size - xattr_header_size) / 4 + 1 > 65535) throw not_indexable("attributes", "they are too large for EROFS");
  return size;
}

std::uint8_t directory_type(const node& n) {
  switch (n.mode & S_IFMT) {
    case S_IFREG:
      return 1;
    case S_IFDIR:
      return 2;
    case S_IFCHR:
      return 3;
    case S_IFBLK:
      return 4;
    case S_IFIFO:
      return 5;
    case S_IFSOCK:
      return 6;
    default:
      return 7;
  }
}

// Returns log2 of the chunk size of a file, in blocks: the largest one for which every extent begins and ends at a
// multiple of it, or ends with the file.
unsigned chunk_bits_of(const node& n) {
  constexpr unsigned most = 31;
  unsigned bits = 0;
  while (bits < most && (block << bits) < n.size) ++bits;
  for (const node::extent& e : n.extents) {
    const std::uint64_t end = e.offset + e.size;
    while (bits > 0 && (e.offset % (block << bits) != 0 || (end % (block << bits) != 0 && end != n.size))) --bits;
    if (e.offset % block != 0 || (end % block != 0 && end != n.size) || e.data_offset % block != 0) {
      throw not_indexable("file", "a part of it does not begin at a block");
    }
  }
  return bits;
}

std::uint64_t chunk_count_of(const node& n) {
  constexpr std::uint64_t most = 4u << 20;
  const std::uint64_t count = n.size == 0 ? 0 : ((n.size - 1) >> (chunk_bits_of(n) + block_bits)) + 1;
  if (count > most) throw not_indexable("file", "a sparse file has too many parts");
  return count;
}

struct name_and_node {
  std::string_view name;
  const node* target;
};

// Where the inode of a node lies, and what follows it. Content that is not inline starts at a block; a short tail
// follows the inode.
struct placed {
  const node* what;
  const node* parent;
  std::uint64_t at = 0, size = 0;
  std::uint32_t links = 0;
  std::uint32_t content = 0;  // first block of the content, when it does not follow the inode
  bool is_inline = false;
};

// The entries of a directory, block by block.
using directory_blocks = std::vector<std::vector<name_and_node>>;

constexpr std::uint64_t index_memory_of_node = sizeof(placed) + 2 * sizeof(name_and_node);

// Lists the nodes breadth first, so that deep trees take no stack and the root gets the first inode.
class builder {
 public:
  builder(const tree& of, std::span<const std::uint64_t> data_sizes, const memory_check& allow)
      : data_sizes_(data_sizes),
        metadata_(round_up(device_table_offset + data_sizes.size() * device_slot_size, block)) {
    allow(of.size() * index_memory_of_node);
    order_.reserve(of.size());
    visit(&of.root(), &of.root());
    for (std::size_t i = 0; i < order_.size(); ++i) visit_children(i);
    lay_out();
    allow(of.size() * index_memory_of_node + end_);
  }

  std::string write() {
    image out(end_);
    write_superblock(out);
    for (const placed& p : order_) write_inode(out, p);
    return out.take();
  }

 private:
  void visit(const node* n, const node* parent) {
    if (n->place < order_.size() && order_[n->place].what == n) {  // else `place` was set by an earlier index
      ++order_[n->place].links;
      return;
    }
    n->place = static_cast<std::uint32_t>(order_.size());
    placed p{.what = n, .parent = parent};
    p.links = n->is_directory() ? 2 : 1;
    order_.push_back(p);
  }

  void visit_children(std::size_t i) {
    const node* const n = order_[i].what;
    if (!n->is_directory()) return;
    for (const auto& [name, child] : n->children) {
      if (name.size() > 255)
        throw error(errc::corrupt, "store", '"' + name.substr(0, 40) + "...\"", "its name is longer than 255 bytes");
      visit(child, n);
      if (child->is_directory()) ++order_[i].links;
    }
  }

  // "." and ".." are sorted among the other names.
  static directory_blocks pack_directory(const placed& p) {
    std::vector<name_and_node> names;
    names.reserve(p.what->children.size() + 2);
    for (const auto& [name, child] : p.what->children) names.push_back({name, child});
    for (const auto& dots : {name_and_node{".", p.what}, name_and_node{"..", p.parent}}) {
      names.insert(std::ranges::lower_bound(names, dots.name, {}, &name_and_node::name), dots);
    }
    directory_blocks blocks(1);
    std::uint64_t used = 0;
    for (const name_and_node& n : names) {
      if (used + dirent_size + n.name.size() > block) {
        blocks.emplace_back();
        used = 0;
      }
      used += dirent_size + n.name.size();
      blocks.back().push_back(n);
    }
    return blocks;
  }

  static std::uint64_t block_content(const std::vector<name_and_node>& entries) {
    std::uint64_t size = 0;
    for (const name_and_node& e : entries) size += dirent_size + e.name.size();
    return size;
  }

  void lay_out() {
    std::uint64_t at = metadata_;
    for (placed& p : order_) {
      const std::uint64_t head = inode_size + xattrs_size(*p.what);
      std::uint64_t behind = 0;
      if (p.what->is_directory()) {
        const directory_blocks blocks = pack_directory(p);
        p.size = (blocks.size() - 1) * block + block_content(blocks.back());
      } else {
        p.size = p.what->is_symbolic_link() ? p.what->link_target.size() : p.what->size;
      }
      if (S_ISREG(p.what->mode)) {
        if (p.size > 0) behind = round_up(head, chunk_index_size) - head + chunk_index_size * chunk_count_of(*p.what);
      } else if (p.size > 0 && p.size < block) {
        p.is_inline = true;
        behind = p.size;
        const auto crosses = [&] { return (at + head) / block != (at + head + p.size - 1) / block; };
        if (crosses()) at = round_up(at, block);
        if (crosses()) {
          p.is_inline = false;
          behind = 0;
        }
      }
      p.at = at;
      at = round_up(at + head + behind, slot);
    }
    end_ = round_up(at, block);
    for (placed& p : order_) {
      if (p.is_inline || S_ISREG(p.what->mode) || p.size == 0) continue;
      p.content = static_cast<std::uint32_t>(end_ / block);
      end_ += round_up(p.size, block);
    }
    constexpr std::uint64_t most = std::uint64_t{1} << 30;
    if (end_ > most) throw not_indexable("layer", "its index would be larger than 1 GiB");
    const auto too_large = [](std::uint64_t size) { return size / block >= 0xffffffffu; };
    if (std::ranges::any_of(data_sizes_, too_large))
      throw error(errc::exhausted, "store layer", "", "it is larger than 2 TiB");
  }

  void write_superblock(image& out) const {
    const std::uint64_t at = superblock_offset;
    out.u32(at, magic);
    out.u32(at + 0x08, compat_mtime);
    out.u8(at + 0x0c, block_bits);
    out.u16(at + 0x0e, metadata_ / slot);  // nid of the root
    out.u64(at + 0x10, order_.size());
    out.u32(at + 0x24, end_ / block);
    out.u32(at + 0x50, incompat_chunked_file | incompat_device_table);
    out.u16(at + 0x56, data_sizes_.size());  // number of extra devices
    out.u16(at + 0x58, device_table_offset / device_slot_size);
    for (std::size_t i = 0; i < data_sizes_.size(); ++i) {
      out.u32(device_table_offset + i * device_slot_size + 64, round_up(data_sizes_[i], block) / block);
    }
  }

  [[nodiscard]] std::uint64_t nid(const node* n) const { return order_[n->place].at / slot; }

  void write_inode(image& out, const placed& p) const {
    const node& n = *p.what;
    const std::uint64_t xattrs = xattrs_size(n);
    std::uint64_t layout = p.is_inline ? flat_inline : flat_plain, detail = p.content;
    if (S_ISREG(n.mode) && p.size > 0) {
      layout = chunk_based;
      detail = chunk_indexes | chunk_bits_of(n);
      write_chunks(out, round_up(p.at + inode_size + xattrs, chunk_index_size), n);
    }
    if (S_ISCHR(n.mode) || S_ISBLK(n.mode)) {
      detail = (n.device_minor & 0xffu) | n.device_major << 8 | (n.device_minor & ~0xffu) << 12;
    }
    out.u16(p.at, extended | layout);
    out.u16(p.at + 0x02, xattrs == 0 ? 0 : (xattrs - xattr_header_size) / 4 + 1);
    out.u16(p.at + 0x04, n.mode);
    out.u64(p.at + 0x08, p.size);
    out.u32(p.at + 0x10, detail);
    out.u32(p.at + 0x14, n.place + 1);
    out.u32(p.at + 0x18, n.uid);
    out.u32(p.at + 0x1c, n.gid);
    out.u64(p.at + 0x20, static_cast<std::uint64_t>(n.mtime_seconds));
    out.u32(p.at + 0x28, n.mtime_nanoseconds);
    out.u32(p.at + 0x2c, p.links);
    write_xattrs(out, p);
    write_content(out, p);
  }

  static void write_chunks(image& out, std::uint64_t at, const node& n) {
    const std::uint64_t chunk = block << chunk_bits_of(n), count = chunk_count_of(n);
    auto e = n.extents.begin();
    for (std::uint64_t i = 0; i < count; ++i, at += chunk_index_size) {
      const std::uint64_t offset = i * chunk;
      while (e != n.extents.end() && e->offset + e->size <= offset) ++e;
      const bool hole = e == n.extents.end() || offset < e->offset;
      out.u16(at + 2, hole ? 0 : n.device);
      out.u32(at + 4, hole ? no_block : (e->data_offset + offset - e->offset) / block);
    }
  }

  static void write_xattrs(image& out, const placed& p) {
    std::uint64_t at = p.at + inode_size + xattr_header_size;
    for (const auto& [name, value] : p.what->xattrs) {
      const xattr_name s = shorten(name);
      out.u8(at, static_cast<std::uint8_t>(s.rest.size()));
      out.u8(at + 1, s.prefix);
      out.u16(at + 2, value.size());
      out.text(at + xattr_entry_size, s.rest);
      out.text(at + xattr_entry_size + s.rest.size(), value);
      at += round_up(xattr_entry_size + s.rest.size() + value.size(), 4);
    }
  }

  void write_content(image& out, const placed& p) const {
    const std::uint64_t at = p.is_inline ? p.at + inode_size + xattrs_size(*p.what) : p.content * block;
    if (p.what->is_symbolic_link()) out.text(at, p.what->link_target);
    if (!p.what->is_directory()) return;
    const directory_blocks blocks = pack_directory(p);
    for (std::size_t i = 0; i < blocks.size(); ++i) write_directory_block(out, at + i * block, blocks[i]);
  }

  void write_directory_block(image& out, std::uint64_t at, const std::vector<name_and_node>& entries) const {
    std::uint64_t name_at = entries.size() * dirent_size;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::uint64_t entry = at + i * dirent_size;
      out.u64(entry, nid(entries[i].target));
      out.u16(entry + 8, name_at);
      out.u8(entry + 10, directory_type(*entries[i].target));
      out.text(at + name_at, entries[i].name);
      name_at += entries[i].name.size();
    }
  }

  std::span<const std::uint64_t> data_sizes_;
  std::uint64_t metadata_, end_ = 0;
  std::vector<placed> order_;
};

}  // namespace

std::string make_index(const tree& of, std::span<const std::uint64_t> data_sizes, const memory_check& allow) {
  builder b(of, data_sizes, allow);
  return b.write();
}

}  // namespace lxr::io::erofs
