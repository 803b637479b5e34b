#include "pipeline/image/checksums.hpp"

#include <fcntl.h>
#include <isa-l/crc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/mount/rooted.hpp"

namespace lxr::image {
namespace {

constexpr const char* checksums_file = "checksums";
constexpr std::uint32_t crc_begin = 0xffffffff;

std::uint32_t crc_of(std::uint32_t before, std::span<const std::byte> bytes) {
  auto* const data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data()));
  return bytes.empty() ? before : ::crc32_iscsi(data, static_cast<int>(bytes.size()), before);
}

[[noreturn]] void corrupt() { throw error(errc::corrupt, "check", "layer", "its checksums are damaged"); }

template <class Number>
Number take_number(std::string_view& text, int base) {
  Number n{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (ec != std::errc() || end == text.data() + text.size() || *end != ' ') corrupt();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return n;
}

bool matches(int root, const std::string& path, std::uint64_t size, std::uint32_t crc) {
  const auto found = io::mount::open_rooted(root, path, O_PATH | O_NOFOLLOW);  // a device is not to be opened
  struct stat st {};
  if (!found || ::fstat(found->get(), &st) != 0 || !S_ISREG(st.st_mode) || static_cast<std::uint64_t>(st.st_size) != size) return false;
  const auto fd = io::mount::open_rooted(root, path, O_RDONLY | O_NOFOLLOW);
  if (!fd) return false;
  std::uint32_t sum = crc_begin;
  byte_block block(1u << 20);
  for (;;) {
    const ssize_t got = ::read(fd->get(), block.room().data(), block.room().size());
    if (got < 0) throw_errno("read", path);
    if (got == 0) return sum == crc;
    sum = crc_of(sum, block.room().first(static_cast<std::size_t>(got)));
  }
}

}  // namespace

void checksums::begin(const std::string& path, std::uint64_t inode) { *(current_ = &files_[path]) = {inode, 0, crc_begin}; }

void checksums::update(std::span<const std::byte> bytes) {
  if (current_ == nullptr) return;
  current_->crc = crc_of(current_->crc, bytes);
  current_->size += bytes.size();
}

void checksums::update_zeros(std::uint64_t size) {
  static constexpr std::byte zeros[65536]{};
  for (; size > 0; size -= std::min<std::uint64_t>(size, sizeof zeros)) update(std::span(zeros).first(std::min<std::uint64_t>(size, sizeof zeros)));
}

void checksums::end() { current_ = nullptr; }

void checksums::write(int root, int directory) const {
  std::string out;
  for (const auto& [path, file] : files_) {
    const auto fd = io::mount::open_rooted(root, path, O_PATH | O_NOFOLLOW);
    struct stat st {};
    if (!fd || ::fstat(fd->get(), &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino != file.inode) continue;  // something else took its place
    char head[48];
    std::snprintf(head, sizeof head, "%08x %llu ", file.crc, static_cast<unsigned long long>(file.size));
    out += head + path + '\0';
  }
  file::replace_at(directory, checksums_file, out, 0600);
}

std::string first_mismatch(int layer_directory) {
  const auto text = file::read_at(layer_directory, checksums_file, std::size_t{1} << 30);
  const auto root = file::try_open_at(layer_directory, "root", O_RDONLY | O_DIRECTORY);
  if (!text || !root) throw error(text ? errc::corrupt : errc::unsupported, "check", "layer", text ? "its files are missing" : "it has no checksums: an earlier lxr stored it");
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) corrupt();
    std::string_view record = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const auto crc = take_number<std::uint32_t>(record, 16);
    const auto size = take_number<std::uint64_t>(record, 10);
    if (!matches(root->get(), std::string(record), size, crc)) return std::string(record);
  }
  return {};
}

}  // namespace lxr::image
