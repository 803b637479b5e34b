// SPDX-License-Identifier: Apache-2.0
#include "io/tar/reader.hpp"

#include <utility>

#include "io/tar/format.hpp"

namespace lxr::io::tar {
namespace {

constexpr std::string_view xattr_key = "SCHILY.xattr.";

bool checksum_matches(const raw_header& h, const std::string& block) {
  std::int64_t as_unsigned = 0, as_signed = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool inside = i >= offsetof(raw_header, checksum) && i < offsetof(raw_header, type);
    as_unsigned += inside ? ' ' : static_cast<unsigned char>(block[i]);
    as_signed += inside ? ' ' : static_cast<signed char>(block[i]);
  }
  const std::int64_t said = number_of(h.checksum, "checksum");
  return said == as_unsigned || said == as_signed;
}

// Parses "1234567890.123456789", possibly negative; rounds the seconds down.
void pax_time(const std::string& text, std::int64_t& seconds, std::uint32_t& nanoseconds) {
  const auto dot = text.find('.');
  const std::string whole = text.substr(0, dot);
  const auto [end, ec] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (ec != std::errc() || end != whole.data() + whole.size()) corrupt("bad PAX time");
  std::string fraction = dot == std::string::npos ? "" : text.substr(dot + 1, 9);
  if (!std::ranges::all_of(fraction, [](char c) { return c >= '0' && c <= '9'; })) corrupt("bad PAX time");
  fraction.resize(9, '0');
  nanoseconds = static_cast<std::uint32_t>(std::stoul(fraction));
  if (text.starts_with('-') && nanoseconds != 0) {
    --seconds;
    nanoseconds = 1'000'000'000 - nanoseconds;
  }
}

}  // namespace

void reader::feed(std::span<const std::byte> bytes) {
  const auto take = [this, &bytes](std::uint64_t limit) {
    const auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(limit, bytes.size())));
    bytes = bytes.subspan(part.size());
    consumed_ += part.size();
    return part;
  };
  const auto text = [](std::span<const std::byte> part) {
    return std::string_view(reinterpret_cast<const char*>(part.data()), part.size());
  };
  while (!bytes.empty() && state_ != state::ended) {
    switch (state_) {
      case state::header:
        header_ += text(take(block - header_.size()));
        if (header_.size() == block) on_header();
        break;
      case state::sparse_headers:
        header_ += text(take(block - header_.size()));
        if (header_.size() == block) on_sparse_header();
        break;
      case state::sparse_map: {
        const auto part = text(take(std::min<std::uint64_t>(left_, block - extension_.size() % block)));
        extension_ += part;
        left_ -= part.size();
        map_lines_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
        if (extension_.size() % block == 0 && on_sparse_map()) {
          begin_entry();
        } else if (left_ == 0 || extension_.size() > extension_limit) {
          corrupt("the map of a sparse file is broken");
        }
        break;
      }
      case state::data: {
        const auto part = take(left_);
        give(part);
        left_ -= part.size();
        if (left_ == 0) {
          skip_hole();
          sink_.end();
          state_ = padding_ > 0 ? state::padding : state::header;
        }
        break;
      }
      case state::extension:
        extension_ += text(take(left_ - extension_.size()));
        if (extension_.size() == left_) on_extension();
        break;
      case state::padding:
        padding_ -= take(padding_).size();
        if (padding_ == 0) state_ = state::header;
        break;
      case state::ended:
        break;
    }
  }
}

void reader::finish() const {
  if (state_ == state::ended || (state_ == state::header && header_.empty())) return;
  if (state_ == state::padding) return;  // the last member is whole; some writers leave out the padding at the end
  corrupt("it ends in the middle of a member: truncated");
}

void reader::skip_padding_of(std::uint64_t size) { padding_ = (block - size % block) % block; }

void reader::on_header() {
  const std::string bytes = std::move(header_);
  header_.clear();
  if (std::ranges::all_of(bytes, [](char c) { return c == 0; })) {
    state_ = state::ended;  // the first of two zero blocks; lxr ignores what follows them
    return;
  }
  raw_header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  if (!checksum_matches(h, bytes)) corrupt("a header's checksum is wrong");
  const std::int64_t size = number_of(h.size, "size");
  if (size < 0) corrupt("a member's size is negative");
  if (std::strchr("xgLK", h.type) != nullptr && h.type != 0) {
    if (static_cast<std::uint64_t>(size) > extension_limit) corrupt("an extended header is larger than 1 MiB");
    extension_type_ = h.type;
    extension_.clear();
    left_ = static_cast<std::uint64_t>(size);
    skip_padding_of(left_);
    state_ = state::extension;
    if (left_ == 0) on_extension();
    return;
  }
  const bool ustar = std::memcmp(h.magic, "ustar", 5) == 0;
  const bool posix = ustar && h.magic[5] == 0;
  const std::string prefix = posix ? text_of(h.prefix) : "";
  entry_ = entry();
  entry_.path = (prefix.empty() ? "" : prefix + "/") + text_of(h.name);
  entry_.link_target = text_of(h.link);
  entry_.mode = static_cast<std::uint32_t>(number_of(h.mode, "mode")) & 07777;
  entry_.uid = static_cast<std::uint64_t>(number_of(h.uid, "uid"));
  entry_.gid = static_cast<std::uint64_t>(number_of(h.gid, "gid"));
  entry_.size = static_cast<std::uint64_t>(size);
  entry_.mtime_seconds = number_of(h.mtime, "mtime");
  if (ustar && (h.type == '3' || h.type == '4')) {
    entry_.device_major = static_cast<std::uint32_t>(number_of(h.major, "device"));
    entry_.device_minor = static_cast<std::uint32_t>(number_of(h.minor, "device"));
  }
  map_in_content_ = more_sparse_headers_ = false;
  if (h.type == 'S') apply_gnu_sparse(bytes);
  start_entry(h.type);
}

void reader::on_extension() {
  state_ = padding_ > 0 ? state::padding : state::header;
  switch (extension_type_) {
    case 'x':
      apply_pax(extension_, local_, local_bytes_);
      break;
    case 'g':
      apply_pax(extension_, global_, global_bytes_);
      break;
    case 'L':
      long_path_ = extension_.c_str();
      break;
    case 'K':
      long_link_ = extension_.c_str();
      break;
    default:
      break;
  }
  extension_ = std::string();
  tell_held();
}

// Reports to the sink how many bytes the headers take:
// - the records as they were read;
// - three times the records of the current member: merged with the global ones, as its attributes, and in a copy that a
//   sink may make of these;
// - twice the segments of a sparse file: the reader's, and a sink's copy;
// - the map of a sparse file that is being read.
void reader::tell_held() {
  constexpr std::uint64_t little = 64u << 10, copies = 3, of_segment = 2 * sizeof(entry::segment) + 24;
  std::uint64_t held = global_bytes_ + local_bytes_ + copies * member_bytes_ + entry_.segments.capacity() * of_segment +
                       extension_.capacity();
  if (held < little) held = 0;
  if (held != told_) sink_.holds(told_ = held);
}

// `bytes` counts the memory of all records in `to`, also over several such headers of one member.
void reader::apply_pax(const std::string& records, std::map<std::string, std::string>& to, std::size_t& bytes) const {
  constexpr std::size_t of_record = 128;
  std::string_view rest = records;
  while (!rest.empty()) {
    std::size_t size = 0;
    const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (ec != std::errc() || size > rest.size() || size < digits + 3 || rest[digits] != ' ' || rest[size - 1] != '\n') {
      corrupt("a PAX record is broken");
    }
    const std::string_view record = rest.substr(digits + 1, size - digits - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) corrupt("a PAX record has no key");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes") {  // form 0.0: pairs of records, in order
      std::string& map = to["GNU.sparse.map"];
      map.append(map.empty() ? "" : ",").append(value);
      bytes += value.size() + 1;
    } else {
      const auto [kept, fresh] = to.try_emplace(std::string(key));
      bytes += fresh ? of_record + key.size() + value.size() : value.size() - kept->second.size();
      kept->second = value;
    }
    if (bytes > 2 * extension_limit) corrupt("a member's extended headers are larger than 2 MiB");
    rest.remove_prefix(size);
  }
}

void reader::apply_overrides() {
  if (!long_path_.empty()) entry_.path = std::move(long_path_);
  if (!long_link_.empty()) entry_.link_target = std::move(long_link_);
  long_path_.clear();
  long_link_.clear();
  std::map<std::string, std::string> records = global_;
  for (auto& [key, value] : local_) records[key] = std::move(value);
  local_.clear();
  member_bytes_ = global_bytes_ + std::exchange(local_bytes_, 0);
  // An empty value cancels what a global header said: the member's own header counts (POSIX, pax). An extended
  // attribute may have an empty value.
  std::erase_if(records,
                [](const auto& record) { return record.second.empty() && !record.first.starts_with(xattr_key); });
  for (const auto& [key, value] : records) {
    if (key == "path") {
      entry_.path = value;
    } else if (key == "linkpath") {
      entry_.link_target = value;
    } else if (key == "size") {
      entry_.size = pax_unsigned(value, "size");
    } else if (key == "uid") {
      entry_.uid = pax_unsigned(value, "uid");
    } else if (key == "gid") {
      entry_.gid = pax_unsigned(value, "gid");
    } else if (key == "mtime") {
      pax_time(value, entry_.mtime_seconds, entry_.mtime_nanoseconds);
    } else if (key.starts_with(xattr_key)) {
      entry_.xattrs[key.substr(xattr_key.size())] = value;
    }
  }
  apply_sparse(records);
}

void reader::start_entry(char type) {
  apply_overrides();
  switch (type) {
    case '0':
    case 0:
    case 'S':
    case '7':
      entry_.type = entry::kind::file;
      break;
    case '1':
      entry_.type = entry::kind::hard_link;
      break;
    case '2':
      entry_.type = entry::kind::symbolic_link;
      break;
    case '3':
      entry_.type = entry::kind::character_device;
      break;
    case '4':
      entry_.type = entry::kind::block_device;
      break;
    case '5':
      entry_.type = entry::kind::directory;
      break;
    case '6':
      entry_.type = entry::kind::fifo;
      break;
    default:
      throw error(errc::unsupported, "read tar archive", entry_.path,
                  std::string("its type '") + type + "' is not supported");
  }
  // Old archives mark a directory by a slash at the end of its path.
  if (entry_.type == entry::kind::file && entry_.path.ends_with('/')) entry_.type = entry::kind::directory;
  if (entry_.path.find('\0') != std::string::npos || entry_.link_target.find('\0') != std::string::npos) {
    corrupt("a name holds a NUL byte");
  }
  if (entry_.type != entry::kind::file) {
    entry_.size = 0;  // a link repeats the size of the file it points to
    entry_.sparse = false;
  }
  left_ = entry_.size;
  skip_padding_of(left_);
  if (!entry_.sparse) return begin_entry();
  entry_.size = sparse_size_;
  extension_.clear();
  map_lines_ = 0;
  if (more_sparse_headers_) {
    state_ = state::sparse_headers;
  } else if (map_in_content_) {
    state_ = state::sparse_map;
  } else {
    begin_entry();
  }
}

void reader::begin_entry() {
  if (entry_.sparse) check_segments();
  tell_held();
  entry_.data_offset = consumed_;
  at_ = 0;
  segment_ = 0;
  sink_.begin(entry_);
  state_ = state::data;
  if (left_ > 0) return;
  skip_hole();
  sink_.end();
  state_ = padding_ > 0 ? state::padding : state::header;
}

}  // namespace lxr::io::tar
