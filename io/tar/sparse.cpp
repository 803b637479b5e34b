// SPDX-License-Identifier: Apache-2.0
// The part of `reader` for sparse files.
#include "io/tar/format.hpp"
#include "io/tar/reader.hpp"

namespace lxr::io::tar {
namespace {

// The header of a sparse file as GNU tar writes it ("GNU tar manual, Sparse Formats, Old GNU"), and the blocks after
// it.
struct gnu_segment {
  char offset[12], size[12];
};
struct gnu_header {
  char other[386];
  gnu_segment segments[4];
  char is_extended, real_size[12], unused[17];
};
struct gnu_extension {
  gnu_segment segments[21];
  char is_extended, unused[7];
};
static_assert(sizeof(gnu_header) == 512 && sizeof(gnu_extension) == 512);
constexpr std::uint64_t sparse_size_limit = std::uint64_t{8} << 40;  // bytes
constexpr std::size_t segments_limit = 1'000'000;

}  // namespace

// Reads the three forms of sparse files in PAX archives: 0.0 and 0.1 name the segments in PAX records, 1.0 at the
// beginning of the content.
void reader::apply_sparse(const std::map<std::string, std::string>& records) {
  const auto find = [&records](const char* key) {
    const auto found = records.find(key);
    return found == records.end() ? nullptr : &found->second;
  };
  if (const std::string* name = find("GNU.sparse.name")) entry_.path = *name;
  const std::string* const map = find("GNU.sparse.map");
  const std::string* const real = find("GNU.sparse.realsize");
  const std::string* const size = real != nullptr ? real : find("GNU.sparse.size");
  if (size == nullptr) return;
  entry_.sparse = true;
  sparse_size_ = pax_unsigned(*size, "GNU.sparse.size");
  map_in_content_ = map == nullptr && find("GNU.sparse.major") != nullptr;
  std::string_view rest = map == nullptr ? std::string_view() : std::string_view(*map);
  while (!rest.empty()) {
    const std::uint64_t offset = take_number(rest, ',');
    entry_.segments.push_back({offset, take_number(rest, ',')});
    if (entry_.segments.size() > segments_limit) corrupt("a sparse file has too many segments");
  }
}

// Reads the old GNU form: four segments in the header, more in blocks after it.
void reader::apply_gnu_sparse(const std::string& header) {
  gnu_header g;
  std::memcpy(&g, header.data(), sizeof g);
  const std::int64_t real = number_of(g.real_size, "size");
  if (real < 0) corrupt("a member's size is negative");
  sparse_size_ = static_cast<std::uint64_t>(real);
  entry_.sparse = true;
  add_gnu_segments(g.segments, 4);
  more_sparse_headers_ = g.is_extended != 0;
}

// Checks that the segments are in order, do not overlap, lie inside the file, and have as many bytes as the archive
// holds.
void reader::check_segments() const {
  std::uint64_t end = 0, sum = 0;
  if (entry_.size > sparse_size_limit)
    throw error(errc::exhausted, "read tar archive", entry_.path, "it is a sparse file of more than 8 TiB");
  for (const entry::segment& s : entry_.segments) {
    if (s.offset < end || s.offset > entry_.size || s.size > entry_.size - s.offset)
      corrupt("the map of a sparse file is broken");
    end = s.offset + s.size;
    sum += s.size;
  }
  if (sum != left_) corrupt("the map of a sparse file is broken");
}

void reader::give(std::span<const std::byte> part) {
  if (!entry_.sparse) return sink_.data(part);
  while (!part.empty()) {
    const entry::segment& s = entry_.segments[segment_];
    if (at_ < s.offset) {
      sink_.hole(s.offset - at_);
      at_ = s.offset;
    }
    const auto now =
        part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), s.offset + s.size - at_)));
    if (!now.empty()) sink_.data(now);
    at_ += now.size();
    part = part.subspan(now.size());
    if (at_ == s.offset + s.size) ++segment_;
  }
}

// Reports the hole at the end of a sparse file to the sink.
void reader::skip_hole() {
  if (entry_.sparse && at_ < entry_.size) sink_.hole(entry_.size - at_);
  at_ = entry_.size;
}

void reader::add_gnu_segments(const void* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    gnu_segment raw;
    std::memcpy(&raw, static_cast<const char*>(from) + i * sizeof raw, sizeof raw);
    if (raw.size[0] == 0 && raw.offset[0] == 0) return;
    const std::int64_t offset = number_of(raw.offset, "sparse offset"), size = number_of(raw.size, "sparse size");
    if (offset < 0 || size < 0 || entry_.segments.size() >= segments_limit)
      corrupt("the map of a sparse file is broken");
    entry_.segments.push_back({static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size)});
  }
}

void reader::on_sparse_header() {
  gnu_extension e;
  std::memcpy(&e, header_.data(), sizeof e);
  header_.clear();
  add_gnu_segments(e.segments, 21);
  tell_held();
  if (e.is_extended == 0) begin_entry();
}

// Returns false while more of the map is to come. The map is decimal lines, first the number of segments, padded to a
// whole block of 512 bytes.
bool reader::on_sparse_map() {
  if (map_lines_ == 0) return false;
  std::string_view rest = extension_;
  const std::uint64_t count = take_number(rest, '\n');
  if (count > segments_limit) corrupt("a sparse file has too many segments");
  if (map_lines_ - 1 < 2 * count) return false;
  entry_.segments.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t offset = take_number(rest, '\n');
    entry_.segments.push_back({offset, take_number(rest, '\n')});
  }
  extension_ = std::string();
  return true;
}

}  // namespace lxr::io::tar
