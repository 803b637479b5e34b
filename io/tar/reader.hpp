// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lxr::io::tar {

// One member of an archive; PAX and GNU headers are applied to it already. Source: pax(1) (POSIX.1-2017), tar(5).
struct entry {
  enum class kind { file, hard_link, symbolic_link, character_device, block_device, directory, fifo };
  kind type = kind::file;
  std::string path, link_target;  // as in the archive: neither checked nor normalised
  std::uint32_t mode = 0;         // permission bits, set-id and sticky bits
  std::uint64_t uid = 0, gid = 0, size = 0;
  std::int64_t mtime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t device_major = 0, device_minor = 0;
  std::uint64_t data_offset = 0;  // bytes from the beginning of the archive to a file's content
  struct segment {
    std::uint64_t offset, size;  // bytes, in the file
  };
  bool sparse = false;                        // true: `size` is the file's size with its holes,
  std::vector<segment> segments;              // and the archive holds these segments of it, one after the other
  std::map<std::string, std::string> xattrs;  // SCHILY.xattr.*
};

// Receives the members of an archive from a reader.
// Lifecycle: for each member begin(), for files any number of data() and hole(), end(). hole() stands for zeros of a
//   sparse file that the archive does not hold.
// Runs on: the thread that feeds the reader.
// Failure: may throw; feed() passes the exception on.
class sink {
 public:
  virtual ~sink() = default;
  virtual void begin(const entry& e) = 0;
  virtual void data(std::span<const std::byte> bytes) = 0;
  virtual void hole(std::uint64_t /*size*/) {}
  // Called when the number of bytes has changed that the reader's headers take: those it keeps for the next member, and
  // their copies. Less than 64 KiB is reported as 0.
  virtual void holds(std::uint64_t /*bytes*/) {}
  virtual void end() = 0;
};

// Reads an archive as a stream, in pieces of any size: ustar, PAX, GNU, and sparse files in all forms of GNU tar (its
// manual, "Storing Sparse Files"). A pure state machine: it does no input or output.
// Lifecycle: feed() all bytes in order, then finish().
// Runs on: any thread, one at a time.
// Borrows: the sink.
// Failure: throws error{errc::corrupt} for broken headers and truncated members, error{errc::unsupported} for unknown
//   types, error{errc::exhausted} for a sparse file of more than 8 TiB. The reader cannot be continued then.
class reader {
 public:
  explicit reader(sink& to) : sink_(to) {}
  void feed(std::span<const std::byte> bytes);
  void finish() const;

 private:
  enum class state { header, sparse_headers, sparse_map, data, extension, padding, ended };
  static constexpr std::size_t block = 512, extension_limit = 1u << 20;

  void on_header();
  void on_extension();
  void start_entry(char type);
  void on_sparse_header();
  bool on_sparse_map();
  void begin_entry();
  void check_segments() const;
  void give(std::span<const std::byte> part);
  void skip_hole();
  void skip_padding_of(std::uint64_t size);
  void apply_pax(const std::string& records, std::map<std::string, std::string>& to, std::size_t& bytes) const;
  void tell_held();
  void apply_overrides();
  void apply_sparse(const std::map<std::string, std::string>& records);
  void apply_gnu_sparse(const std::string& header);
  void add_gnu_segments(const void* from, std::size_t count);

  sink& sink_;
  state state_ = state::header;
  std::string header_;          // the 512-byte block being collected
  std::uint64_t consumed_ = 0;  // bytes of the archive taken so far
  std::uint64_t left_ = 0;      // bytes of the content or extended header still to come
  std::uint64_t padding_ = 0;   // zero bytes after the content
  std::uint64_t at_ = 0;        // position in a sparse file, in bytes
  std::size_t segment_ = 0;     // index of the segment that `at_` is in
  std::uint64_t sparse_size_ = 0;
  bool map_in_content_ = false, more_sparse_headers_ = false;
  char extension_type_ = 0;
  std::string extension_;
  std::map<std::string, std::string> global_, local_;  // PAX records
  std::size_t global_bytes_ = 0, local_bytes_ = 0;     // memory they take, in bytes, about
  std::size_t member_bytes_ = 0;                       // memory of the records that made entry_, in bytes, about
  std::uint64_t told_ = 0;                             // bytes, the argument of the last holds()
  std::size_t map_lines_ = 0;                          // lines of a sparse map in the content, read so far
  std::string long_path_, long_link_;                  // GNU L and K
  entry entry_;
};

}  // namespace lxr::io::tar
