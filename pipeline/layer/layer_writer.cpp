// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/layer/member.hpp"
#include "pipeline/layer/tree_listing.hpp"

namespace lxr::layer {
namespace {

using io::tar::entry;

constexpr std::size_t page = 4096;
// The work of creating a member, in bytes that take as long to write. Implied directories count 16 times a file: real
// layers have few.
constexpr std::uint64_t work_of_file = 4096, work_of_directory = 4 * work_of_file,
                        work_of_implied = 4 * work_of_directory;
// The attribute that finish() sets last: files created in the directory afterwards would inherit it.
constexpr const char* default_acl = "system.posix_acl_default";

timespec to_timespec(std::int64_t seconds, std::uint32_t nanoseconds) {
  return {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
}

void set_time(int directory, const char* name, std::int64_t seconds, std::uint32_t nanoseconds) {
  const timespec times[2] = {to_timespec(seconds, nanoseconds), to_timespec(seconds, nanoseconds)};
  ::utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW | (name[0] == 0 ? AT_EMPTY_PATH : 0));
}

void set_xattrs(int fd, const std::map<std::string, std::string>& attributes, const std::string& path) {
  for (const auto& [name, value] : attributes) {
    if (!is_kept_attribute(name)) continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && errno != EOPNOTSUPP) {
      throw_errno("set attribute " + name + " of", path);
    }
  }
}

void mark_opaque(int directory, const std::string& path) {
  if (::fsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0) != 0) throw_errno("mark opaque", path);
}

}  // namespace

void pending_write::free_deleter::operator()(std::byte* p) const noexcept { std::free(p); }

void large_file::finish() const {
  if (direct && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) throw_errno("set the size of", path);
  set_xattrs(fd.get(), xattrs, path);  // after the last write, which removes security.capability
  const timespec times[2] = {to_timespec(mtime_seconds, mtime_nanoseconds),
                             to_timespec(mtime_seconds, mtime_nanoseconds)};
  ::futimens(fd.get(), times);
}

layer_writer::layer_writer(unique_fd directory, unique_fd root, pull_budget& budget)
    : budget_(budget),
      memory_(budget),
      time_(budget),
      directory_(std::move(directory)),
      directories_(std::move(root), [this](const std::string& path) { count_directory(path); }) {}

void layer_writer::count_directory(const std::string& path) {
  budget_.count_member();
  budget_.count_work(work_of_implied + path.size());
}

void layer_writer::holds(std::uint64_t bytes) {
  held_ = bytes;
  take_memory();
}

void layer_writer::take_memory() {
  constexpr std::size_t step = 64u << 10;
  const std::uint64_t all =
      sums_.memory() + directories_.memory() + late_.capacity() * sizeof(late_metadata) + late_bytes_ + held_;
  memory_.set((all + step - 1) / step * step, "what is known about a layer's members");
}

layer_writer::place layer_writer::locate(const std::string& path) {
  const auto [above, name] = split_path(path);
  return {directories_.of(above), name};
}

void layer_writer::begin(const entry& e) {
  budget_.count_member();
  time_.tick();
  take_memory();
  entry_ = e;
  entry_.path = normalised_member_path(e.path);
  if (is_aufs_metadata(entry_.path)) return;
  check_member(entry_);
  budget_.count_work((e.type == entry::kind::directory ? work_of_directory : work_of_file) + entry_.path.size());
  if (entry_.path.empty()) return set_root(e);
  const place at = locate(entry_.path);
  if (handle_whiteout(at)) return;
  make(entry_, at);
}

void layer_writer::set_root(const entry& e) {
  if (e.type != entry::kind::directory) throw error(errc::corrupt, "unpack layer", "", "its root is not a directory");
  describe_directory(directories_.root(), "", e);
}

// Returns true when the member is a whiteout or opaque mark, not a file.
bool layer_writer::handle_whiteout(const place& at) {
  const auto mark = parse_whiteout(at.name, entry_.path);
  if (!mark) return false;
  if (mark->what == whiteout::kind::opaque) {
    mark_opaque(at.directory, entry_.path);
    return true;
  }
  // A whiteout is about the layers below: if this layer has added a file of that name, it stays and hides the lower
  // one. A directory of that name becomes opaque.
  if (::mknodat(at.directory, mark->hidden.c_str(), S_IFCHR, makedev(0, 0)) == 0) return true;
  if (errno != EEXIST) throw_errno("white out", entry_.path);
  const unique_fd there(::openat(at.directory, mark->hidden.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (there) mark_opaque(there.get(), entry_.path);
  return true;
}

void layer_writer::make(const entry& e, const place& at) {
  switch (e.type) {
    case entry::kind::file:
      return make_file(e, at);
    case entry::kind::directory:
      return make_directory(e, at);
    case entry::kind::hard_link:
      return make_hard_link(e, at);
    default:
      return make_special(e, at);
  }
}

// Removes an earlier member of the same name: the later one wins. Cached descriptors may lead into what is removed.
void layer_writer::replace(const place& at) {
  file::remove_tree_at(at.directory, at.name);
  directories_.forget_all_but(at.directory);
}

// Changes only what differs: most files are created with the right owner and mode. Returns the inode number.
std::uint64_t layer_writer::set_metadata(int fd, const entry& e) {
  const uid_t uid = checked_id(e.uid, e);
  const gid_t gid = checked_id(e.gid, e);
  struct stat st{};
  if (::fstat(fd, &st) != 0) throw_errno("look at", e.path);
  // A new file in a set-group-id directory gets the group of the directory.
  const bool other_owner = st.st_uid != uid || st.st_gid != gid;
  if (other_owner && ::fchown(fd, uid, gid) != 0) throw_errno("set owner of", e.path);
  if ((other_owner || (st.st_mode & 07777) != e.mode) && ::fchmod(fd, e.mode) != 0) throw_errno("set mode of", e.path);
  return st.st_ino;
}

void layer_writer::make_file(const entry& e, const place& at) {
  const bool large = e.size >= large_size && !e.sparse;
  bool direct = large;
  const auto open = [&] {
    return ::openat(at.directory, at.name.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | (direct ? O_DIRECT : 0), e.mode);
  };
  unique_fd fd(open());
  for (int attempt = 0; !fd && attempt < 2; ++attempt) {
    if (errno == EEXIST) {
      replace(at);
    } else if (errno == EINVAL && direct) {  // no direct I/O here; openat() has created the file all the same
      direct = false;
      ::unlinkat(at.directory, at.name.c_str(), 0);
    }
    fd.reset(open());
  }
  if (!fd) throw_errno("create file", e.path);
  const std::uint64_t inode = set_metadata(fd.get(), e);
  bytes_ += e.size;
  offset_ = 0;
  sums_.begin(inode, !e.xattrs.empty());
  if (!large) {
    small_ = std::move(fd);
    small_data_.clear();
    return;
  }
  large_ = std::make_shared<large_file>(
      large_file{std::move(fd), e.path, e.size, e.mtime_seconds, e.mtime_nanoseconds, e.xattrs, direct});
  // Allocates the blocks in one piece, before pieces are written in parallel.
  if (::fallocate(large_->fd.get(), 0, 0, static_cast<off_t>(e.size)) != 0 && errno == ENOSPC)
    throw_errno("create file", e.path);
}

void layer_writer::hole(std::uint64_t size) {
  sums_.update_zeros(size);
  offset_ += size;
}

void layer_writer::data(std::span<const std::byte> bytes) {
  sums_.update(bytes);
  if (small_ && entry_.sparse) {
    if (::lseek(small_.get(), static_cast<off_t>(offset_), SEEK_SET) < 0) throw_errno("write", entry_.path);
    file::write_all(small_.get(), as_text(bytes), entry_.path);
    offset_ += bytes.size();
    return;
  }
  if (small_ && bytes.size() == entry_.size) return file::write_all(small_.get(), as_text(bytes), entry_.path);
  if (small_) {
    small_data_ += as_text(bytes);
    return;
  }
  while (large_ && !bytes.empty()) {
    if (!piece_.data) {
      piece_.data.reset(static_cast<std::byte*>(std::aligned_alloc(page, piece_size)));
      if (!piece_.data) throw std::bad_alloc();
      piece_.size = 0;
    }
    const std::size_t part = std::min(bytes.size(), piece_size - piece_.size);
    std::memcpy(piece_.data.get() + piece_.size, bytes.data(), part);
    piece_.size += part;
    bytes = bytes.subspan(part);
    if (piece_.size == piece_size) flush_piece(false);
  }
}

void layer_writer::flush_piece(bool last) {
  if (piece_.size == 0) return;
  const std::size_t content = piece_.size;
  if (last && large_->direct) {  // pads to a whole page; finish() cuts the file
    const std::size_t padded = (content + page - 1) / page * page;
    std::memset(piece_.data.get() + content, 0, padded - content);
    piece_.size = padded;
  }
  piece_.file = large_;
  piece_.offset = offset_;
  offset_ += content;
  writes_.push_back(std::move(piece_));
  piece_ = pending_write();
}

void layer_writer::end() {
  sums_.end();
  if (small_) {
    if (entry_.sparse && ::ftruncate(small_.get(), static_cast<off_t>(entry_.size)) != 0)
      throw_errno("write", entry_.path);
    if (!small_data_.empty()) file::write_all(small_.get(), small_data_, entry_.path);
    set_xattrs(small_.get(), entry_.xattrs, entry_.path);
    const timespec times[2] = {to_timespec(entry_.mtime_seconds, entry_.mtime_nanoseconds),
                               to_timespec(entry_.mtime_seconds, entry_.mtime_nanoseconds)};
    ::futimens(small_.get(), times);
    small_.reset();
  }
  if (large_) {
    flush_piece(true);
    finished_.push_back(std::move(large_));
  }
}

void layer_writer::make_directory(const entry& e, const place& at) {
  bool was_whiteout = false;
  if (::mkdirat(at.directory, at.name.c_str(), e.mode) != 0) {
    if (errno != EEXIST) throw_errno("make directory", e.path);
    struct stat st{};
    if (::fstatat(at.directory, at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)) {
      was_whiteout = S_ISCHR(st.st_mode) && st.st_rdev == 0;
      replace(at);
      if (::mkdirat(at.directory, at.name.c_str(), e.mode) != 0) throw_errno("make directory", e.path);
    }
  }
  const unique_fd fd(::openat(at.directory, at.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw_errno("open directory", e.path);
  describe_directory(fd.get(), e.path, e);
  if (was_whiteout) mark_opaque(fd.get(), e.path);
}

// Sets the time now, although members that follow change it and finish() sets it again: finish() does not find the
// directory when a later member replaces a symbolic link in its path.
void layer_writer::describe_directory(int fd, const std::string& path, const entry& e) {
  const std::uint64_t inode = set_metadata(fd, e);
  auto attributes = e.xattrs;
  const auto acl = attributes.extract(default_acl);
  set_xattrs(fd, attributes, path);
  directories_.named(inode);
  late_.push_back({path, inode, e.mtime_seconds, e.mtime_nanoseconds, acl ? acl.mapped() : ""});
  late_bytes_ += path.size() + late_.back().default_acl.size();
  const timespec times[2] = {to_timespec(e.mtime_seconds, e.mtime_nanoseconds),
                             to_timespec(e.mtime_seconds, e.mtime_nanoseconds)};
  ::futimens(fd, times);
}

void layer_writer::make_hard_link(const entry& e, const place& at) {
  const std::string target = normalised_member_path(e.link_target);
  if (target.empty()) throw error(errc::corrupt, "unpack", '"' + e.path + '"', "it is a hard link to the root");
  const auto [above, name] = split_path(target);
  const unique_fd from = directories_.open(above);
  struct stat linked{};
  if (::fstatat(from.get(), name.c_str(), &linked, AT_SYMLINK_NOFOLLOW) == 0) check_names(linked.st_nlink + 1, e);
  if (::linkat(from.get(), name.c_str(), at.directory, at.name.c_str(), 0) == 0) return;
  if (errno == EEXIST) {
    struct stat here{}, there{};
    if (::fstatat(at.directory, at.name.c_str(), &here, AT_SYMLINK_NOFOLLOW) == 0 &&
        ::fstatat(from.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == there.st_ino) {
      if (S_ISDIR(here.st_mode))
        throw error(errc::corrupt, "unpack", '"' + e.path + '"', "it is a hard link to a directory");
      return;
    }
    replace(at);
    if (::linkat(from.get(), name.c_str(), at.directory, at.name.c_str(), 0) == 0) return;
  }
  throw_errno("link " + target + " to", e.path);
}

void layer_writer::make_special(const entry& e, const place& at) {
  const dev_t device = makedev(e.device_major, e.device_minor);
  const bool node = e.type == entry::kind::character_device || e.type == entry::kind::block_device;
  if (node && e.type == entry::kind::character_device && device == 0) return;  // overlayfs would take it for a whiteout
  const mode_t type = e.type == entry::kind::fifo ? S_IFIFO : e.type == entry::kind::block_device ? S_IFBLK : S_IFCHR;
  const auto create = [&] {
    if (e.type == entry::kind::symbolic_link) return ::symlinkat(e.link_target.c_str(), at.directory, at.name.c_str());
    return ::mknodat(at.directory, at.name.c_str(), type | e.mode, node ? device : 0);
  };
  if (create() != 0) {
    if (errno != EEXIST) throw_errno("create", e.path);
    replace(at);
    if (create() != 0) throw_errno("create", e.path);
  }
  const uid_t uid = checked_id(e.uid, e);
  const gid_t gid = checked_id(e.gid, e);
  struct stat st{};
  if (::fstatat(at.directory, at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("look at", e.path);
  const bool other_owner = st.st_uid != uid || st.st_gid != gid;
  if (other_owner && ::fchownat(at.directory, at.name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    throw_errno("set owner of", e.path);
  // A symbolic link has no mode.
  const bool other_mode = e.type != entry::kind::symbolic_link && (other_owner || (st.st_mode & 07777) != e.mode);
  if (other_mode && ::fchmodat(at.directory, at.name.c_str(), e.mode, 0) != 0) throw_errno("set mode of", e.path);
  set_time(at.directory, at.name.c_str(), e.mtime_seconds, e.mtime_nanoseconds);
}

void layer_writer::finish() {
  directories_.forget_all();
  for (const late_metadata& d : late_) {  // in the order of members: for a directory named twice the later one wins
    const auto fd =
        io::mount::open_rooted(directories_.root(), d.path.empty() ? "." : d.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat st{};
    if (!fd || ::fstat(fd->get(), &st) != 0 || st.st_ino != d.inode) continue;  // another file has replaced it
    if (!d.default_acl.empty()) set_xattrs(fd->get(), {{default_acl, d.default_acl}}, d.path);
    const timespec times[2] = {to_timespec(d.seconds, d.nanoseconds), to_timespec(d.seconds, d.nanoseconds)};
    ::futimens(fd->get(), times);
  }
  write_listing();
}

void layer_writer::write_listing() {
  sums_.sort();
  listing_writer listing(directory_.get());
  const auto add = [&](listed& l) {
    if (S_ISREG(l.mode)) l.checksum = sums_.find(l.inode);
    if (S_ISDIR(l.mode)) l.implied = directories_.is_implied(l.inode);
    listing.add(l);
  };
  visit_tree(directories_.root(),
             {.name = add, .may_have_attributes = [this](std::uint64_t inode) { return sums_.has_attributes(inode); }});
  listing.finish();
}

}  // namespace lxr::layer
