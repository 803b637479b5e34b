// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

// The parts of the EROFS format that this folder uses: blocks of 512 bytes, extended inodes, chunk-based files on extra
// devices. Source: Linux, fs/erofs/erofs_fs.h and Documentation/filesystems/erofs.rst; Linux 6.4 (blocks smaller than a
// page).
namespace lxr::io::erofs {

constexpr std::uint64_t block = 512, slot = 32;  // bytes; an inode's number (nid) counts slots
constexpr unsigned block_bits = 9;
// Offsets and sizes in bytes.
constexpr std::uint64_t superblock_offset = 1024, superblock_size = 128,
                        device_table_offset = superblock_offset + superblock_size;
constexpr std::uint64_t device_slot_size = 128;
constexpr std::uint64_t inode_size = 64, chunk_index_size = 8, dirent_size = 12, xattr_header_size = 12,
                        xattr_entry_size = 4;
constexpr std::uint32_t magic = 0xe0f5e1e2, compat_mtime = 2, incompat_chunked_file = 4, incompat_device_table = 8;
constexpr std::uint16_t extended = 1, flat_plain = 0 << 1, flat_inline = 2 << 1, chunk_based = 4 << 1,
                        chunk_indexes = 0x20;
constexpr std::uint32_t no_block = 0xffffffff;  // the block number of a chunk that is a hole

// The prefixes of attribute names that EROFS stores as a number.
constexpr std::array<std::pair<std::string_view, std::uint8_t>, 5> xattr_prefixes{
    {{"user.", 1}, {"system.posix_acl_access", 2}, {"system.posix_acl_default", 3}, {"trusted.", 4}, {"security.", 6}}};

constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

}  // namespace lxr::io::erofs
