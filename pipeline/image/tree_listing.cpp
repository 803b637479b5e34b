#include "pipeline/image/tree_listing.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/tree.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/image/member.hpp"
#include "pipeline/image/checksums.hpp"

namespace lxr::image {
namespace {

constexpr const char* listing_file = "listing";
constexpr std::size_t listing_limit = std::size_t{4} << 30;

std::string attribute_of(int fd, const char* name) {
  std::string value(65536, '\0');  // XATTR_SIZE_MAX
  const ssize_t size = ::fgetxattr(fd, name, value.data(), value.size());
  if (size < 0) throw_errno("read attribute", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

std::map<std::string, std::string> attributes_of(int fd, const std::string& path) {
  char few[1024];
  std::string many;
  char* names = few;
  ssize_t size = ::flistxattr(fd, few, sizeof few);
  if (size < 0 && errno == ERANGE) {
    many.resize(65536);  // XATTR_LIST_MAX
    names = many.data();
    size = ::flistxattr(fd, names, many.size());
  }
  if (size < 0 && errno != EOPNOTSUPP) throw_errno("list the attributes of", path);
  std::map<std::string, std::string> out;
  for (const char* name = names; name < names + size; name += std::strlen(name) + 1) {
    // Others are the host's own, as security.selinux.
    if (is_kept_attribute(name) || std::string_view(name) == io::erofs::opaque_mark) out[name] = attribute_of(fd, name);
  }
  return out;
}

std::string target_of(int directory, const std::string& name) {
  std::string target(4096, '\0');  // PATH_MAX
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0) throw_errno("read link", name);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

listed describe(const struct stat& st, std::string path) {
  listed l{.path = std::move(path), .mode = st.st_mode, .uid = st.st_uid, .gid = st.st_gid,
           .mtime_nanoseconds = static_cast<std::uint32_t>(st.st_mtim.tv_nsec), .mtime_seconds = st.st_mtim.tv_sec};
  l.size = S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
  l.device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? st.st_rdev : 0;
  l.inode = st.st_ino;
  return l;
}

unique_fd must_open(int root, const std::string& path, int flags) {
  auto fd = io::mount::open_rooted(root, path.empty() ? "." : path, flags | O_NOFOLLOW);
  if (!fd) throw error(errc::conflict, "list", '"' + path + '"', "it went away meanwhile");
  return std::move(*fd);
}

listed describe_member(int directory, const std::string& name, const std::string& above, const std::function<bool(std::uint64_t)>& may_have_attributes) {
  struct stat st {};
  if (::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("look at", above + name);
  listed l = describe(st, above + name);
  if (S_ISLNK(st.st_mode)) l.link_target = target_of(directory, name);
  if (S_ISREG(st.st_mode) && may_have_attributes(st.st_ino)) l.xattrs = attributes_of(file::open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).get(), l.path);
  return l;
}

// ---- the file: strings that end with NUL; of each name first its numbers, then path, link target, and attributes in pairs

std::string hex_of(const std::string& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : bytes) out.append({digits[c >> 4], digits[c & 15]});
  return out;
}

class reader {
 public:
  explicit reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::string_view string() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) damaged();
    const std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return out;
  }

  // The next number of `line`, and of a list that the line is.
  template <class Number>
  static Number take(std::string_view& line, int base = 10) {
    Number n{};
    const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), n, base);
    if (ec != std::errc()) damaged();
    line.remove_prefix(std::min(static_cast<std::size_t>(end - line.data()) + 1, line.size()));
    return n;
  }

  std::string bytes() {
    std::string out;
    for (std::string_view hex = string(); !hex.empty(); hex.remove_prefix(2)) {
      std::string_view two = hex.substr(0, 2);
      if (two.size() != 2) damaged();
      out += static_cast<char>(take<unsigned>(two, 16));
    }
    return out;
  }

 private:
  [[noreturn]] static void damaged() { throw error(errc::corrupt, "check", "layer", "the listing of its files is damaged"); }
  std::string_view rest_;
};

void append(std::string& out, const listed& l) {
  char numbers[256];
  const int size = std::snprintf(numbers, sizeof numbers, "%o %u %u %lld %u %llu %llu %llu %d %zu %s%x", l.mode, l.uid, l.gid, static_cast<long long>(l.mtime_seconds),
                                 l.mtime_nanoseconds, static_cast<unsigned long long>(l.size), static_cast<unsigned long long>(l.device),
                                 static_cast<unsigned long long>(l.inode), l.implied ? 1 : 0, l.xattrs.size(), l.checksum ? "" : "-", l.checksum.value_or(1));
  out.append(numbers, static_cast<std::size_t>(size)) += '\0';
  (out += l.path) += '\0';
  (out += l.link_target) += '\0';
  for (const auto& [name, value] : l.xattrs) {
    (out += name) += '\0';
    (out += hex_of(value)) += '\0';
  }
}

listed next(reader& from) {
  std::string_view line = from.string();
  listed l;
  l.mode = reader::take<std::uint32_t>(line, 8);
  l.uid = reader::take<std::uint32_t>(line);
  l.gid = reader::take<std::uint32_t>(line);
  l.mtime_seconds = reader::take<std::int64_t>(line);
  l.mtime_nanoseconds = reader::take<std::uint32_t>(line);
  l.size = reader::take<std::uint64_t>(line);
  l.device = reader::take<std::uint64_t>(line);
  l.inode = reader::take<std::uint64_t>(line);
  l.implied = reader::take<int>(line) != 0;
  const auto attributes = reader::take<std::size_t>(line);
  if (!line.starts_with('-')) l.checksum = reader::take<std::uint32_t>(line, 16);
  l.path = from.string();
  l.link_target = from.string();
  for (std::size_t i = 0; i < attributes; ++i) {
    std::string name(from.string());
    l.xattrs[std::move(name)] = from.bytes();
  }
  return l;
}

// ---- what has changed

// Numbers that tell only which names share a file: one made of the first of them.
void number_inodes(tree_listing& names) {
  std::map<std::string_view, listed*> in_order;
  for (listed& l : names) in_order.emplace(l.path, &l);
  std::unordered_map<std::uint64_t, std::uint64_t> numbers;
  for (auto& [path, l] : in_order) l->inode = numbers.emplace(l->inode, std::hash<std::string_view>{}(path)).first->second;
}

// Null when none is.
const char* other_property(const listed& was, const listed& is) {
  if ((was.mode & S_IFMT) != (is.mode & S_IFMT)) return "another type";
  if (was.mode != is.mode) return "another mode";
  if (was.uid != is.uid || was.gid != is.gid) return "another owner";
  if (was.size != is.size) return "another size";
  if (was.device != is.device) return "another device number";
  if (was.link_target != is.link_target) return "another target";
  if (was.xattrs != is.xattrs) return "other attributes";
  if (was.inode != is.inode) return "other hard links";
  if (was.mtime_seconds != is.mtime_seconds || was.mtime_nanoseconds != is.mtime_nanoseconds) return "another time";
  return nullptr;
}

bool same_content(int root, const listed& l) {
  return !l.checksum || checksum_of(must_open(root, l.path, O_RDONLY).get()) == *l.checksum;
}

}  // namespace

tree_listing list_tree(int root, const std::function<bool(std::uint64_t)>& may_have_attributes) {
  struct stat st {};
  if (::fstat(root, &st) != 0) throw_errno("look at", "root");
  tree_listing out{describe(st, "")};
  std::vector<std::size_t> directories{0};  // whose members are still to come
  while (!directories.empty()) {
    listed& above = out[directories.back()];
    directories.pop_back();
    const unique_fd directory = must_open(root, above.path, O_RDONLY | O_DIRECTORY);
    above.xattrs = attributes_of(directory.get(), above.path);
    const std::string prefix = above.path.empty() ? "" : above.path + "/";
    std::vector<std::string> names = file::list_at(directory.get(), ".");
    std::ranges::sort(names);
    for (const std::string& name : names) {
      out.push_back(describe_member(directory.get(), name, prefix, may_have_attributes));
      if (S_ISDIR(out.back().mode)) directories.push_back(out.size() - 1);
    }
  }
  return out;
}

void write_listing(int directory, const tree_listing& of) {
  std::string text;
  for (const listed& l : of) append(text, l);
  file::replace_at(directory, listing_file, text, 0600);
}

std::optional<tree_listing> read_listing(int directory) {
  const auto text = file::read_at(directory, listing_file, listing_limit);
  if (!text) return std::nullopt;
  tree_listing out;
  reader from(*text);
  while (!from.done()) out.push_back(next(from));
  return out;
}

std::string first_difference(int directory) {
  auto stored = read_listing(directory);
  const auto root = file::try_open_at(directory, "root", O_RDONLY | O_DIRECTORY);
  if (!root) throw error(errc::corrupt, "check", "layer", "its files are missing");
  if (!stored) throw error(errc::unsupported, "check", "layer", "there is no listing of its files: an earlier lxr stored it");
  tree_listing now = list_tree(root->get());
  number_inodes(*stored);
  number_inodes(now);
  std::unordered_map<std::string_view, listed*> present;
  for (listed& l : now) present.emplace(l.path, &l);
  for (const listed& was : *stored) {
    const auto found = present.extract(was.path);
    if (!found) return '"' + was.path + "\" is missing";
    const listed& is = *found.mapped();
    if (S_ISREG(is.mode) && is.size == was.size && !same_content(root->get(), was)) return "the content of \"" + was.path + "\" has changed";
    if (const char* const what = other_property(was, is)) return '"' + was.path + "\" has " + what;
  }
  if (!present.empty()) return '"' + std::string(present.begin()->first) + "\" was added";
  return {};
}

}  // namespace lxr::image
