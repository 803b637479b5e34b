// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/tree_listing.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::layer {
namespace {

constexpr const char* listing_file = "listing";
constexpr std::size_t piece = 256u << 10, longest_string = 1u << 20;

// The file holds strings that end with NUL. For each name: one string with its numbers, the path, the link target, then
// name and value (in hex) of each attribute.

std::string hex_of(const std::string& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : bytes) out.append({digits[c >> 4], digits[c & 15]});
  return out;
}

[[noreturn]] void damaged() { throw error(errc::corrupt, "check", "layer", "the listing of its files is damaged"); }

// Removes a number from the front of `line` and returns it.
template <class Number>
Number take(std::string_view& line, int base = 10) {
  Number n{};
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), n, base);
  if (ec != std::errc()) damaged();
  line.remove_prefix(std::min(static_cast<std::size_t>(end - line.data()) + 1, line.size()));
  return n;
}

void append(std::string& out, const listed& l) {
  char numbers[256];
  const int size = std::snprintf(numbers, sizeof numbers, "%o %u %u %lld %u %llu %llu %llu %d %zu %s%x", l.mode, l.uid,
                                 l.gid, static_cast<long long>(l.mtime_seconds), l.mtime_nanoseconds,
                                 static_cast<unsigned long long>(l.size), static_cast<unsigned long long>(l.device),
                                 static_cast<unsigned long long>(l.inode), l.implied ? 1 : 0, l.xattrs.size(),
                                 l.checksum ? "" : "-", l.checksum.value_or(1));
  out.append(numbers, static_cast<std::size_t>(size)) += '\0';
  (out += l.path) += '\0';
  (out += l.link_target) += '\0';
  for (const auto& [name, value] : l.xattrs) {
    (out += name) += '\0';
    (out += hex_of(value)) += '\0';
  }
}

}  // namespace

listing_writer::listing_writer(int directory)
    : fd_(file::open_at(directory, listing_file, O_WRONLY | O_CREAT | O_TRUNC)) {}

void listing_writer::add(const listed& l) {
  const std::size_t before = buffer_.size();
  append(buffer_, l);
  size_ += buffer_.size() - before;
  if (buffer_.size() < piece) return;
  file::write_all(fd_.get(), buffer_, listing_file);
  buffer_.clear();
}

void listing_writer::finish() {
  file::write_all(fd_.get(), buffer_, listing_file);
  buffer_.clear();
}

std::optional<listing_reader> listing_reader::open(int directory) {
  auto fd = file::try_open_at(directory, listing_file, O_RDONLY);
  return fd ? std::optional(listing_reader(std::move(*fd))) : std::nullopt;
}

// Reads more of the file into buffer_. Returns false at the end of the file.
bool listing_reader::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  if (buffer_.size() > longest_string) damaged();
  const std::size_t before = buffer_.size();
  buffer_.resize(before + piece);
  const ssize_t got = ::read(fd_.get(), buffer_.data() + before, piece);
  if (got < 0) throw_errno("read", listing_file);
  buffer_.resize(before + static_cast<std::size_t>(got));
  return got > 0;
}

// Returns the next string; it is valid until the next call.
std::string_view listing_reader::string() {
  std::size_t end;
  while ((end = buffer_.find('\0', at_)) == std::string::npos) {
    if (!fill()) damaged();
  }
  const std::string_view out = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 1;
  return out;
}

std::string listing_reader::bytes() {
  std::string out;
  for (std::string_view hex = string(); !hex.empty(); hex.remove_prefix(2)) {
    std::string_view two = hex.substr(0, 2);
    if (two.size() != 2) damaged();
    out += static_cast<char>(take<unsigned>(two, 16));
  }
  return out;
}

std::optional<listed> listing_reader::next() {
  if (at_ == buffer_.size() && !fill()) return std::nullopt;
  std::string_view line = string();
  listed l;
  l.mode = take<std::uint32_t>(line, 8);
  l.uid = take<std::uint32_t>(line);
  l.gid = take<std::uint32_t>(line);
  l.mtime_seconds = take<std::int64_t>(line);
  l.mtime_nanoseconds = take<std::uint32_t>(line);
  l.size = take<std::uint64_t>(line);
  l.device = take<std::uint64_t>(line);
  l.inode = take<std::uint64_t>(line);
  l.implied = take<int>(line) != 0;
  const auto attributes = take<std::size_t>(line);
  if (!line.starts_with('-')) l.checksum = take<std::uint32_t>(line, 16);
  l.path = string();
  l.link_target = string();
  for (std::size_t i = 0; i < attributes; ++i) {
    std::string name(string());
    l.xattrs[std::move(name)] = bytes();
  }
  return l;
}

}  // namespace lxr::layer
