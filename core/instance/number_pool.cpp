// SPDX-License-Identifier: Apache-2.0
#include "core/instance/number_pool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/record.hpp"
#include "core/instance/names.hpp"

namespace lxr {

// The file: a page of header, then the owners. Numbers above `high` were never taken: sweep() need not read them.
struct number_pool::layout {
  std::atomic<std::uint32_t> next;
  std::atomic<std::uint32_t> high;
  std::atomic<std::uint64_t> format;  // 0 in a file that an lxr without versions made; that format is version 1
  char unused[4096 - 16];
  std::atomic<std::uint64_t> owners[];

  static std::size_t bytes(std::uint32_t size) { return 4096 + std::size_t{size} * sizeof(std::atomic<std::uint64_t>); }
};

namespace {

constexpr std::uint64_t magic = 0x6c787261, magic_bits = 32;  // "lxra", above the version
constexpr std::uint64_t format = magic << magic_bits | record::first_version;

// Before the file is given its size or mapped: that of another format keeps its content.
void check_format(int fd, const std::string& name, std::size_t offset) {
  std::uint64_t found = 0;
  if (::pread(fd, &found, sizeof found, static_cast<off_t>(offset)) < 0) throw_errno("read", name);
  if (found == 0) return;
  if (found >> magic_bits != magic) throw error(errc::corrupt, "read", name, "it does not hold numbers of lxr");
  record::check_version(static_cast<std::uint32_t>(found), name);
}

}  // namespace

number_pool number_pool::open(int directory, const std::string& name, std::uint32_t first, std::uint32_t size) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  unique_fd fd = file::open_at(directory, name, O_RDWR | O_CREAT);
  check_format(fd.get(), name, offsetof(layout, format));
  if (::ftruncate(fd.get(), static_cast<off_t>(layout::bytes(size))) != 0) throw_errno("size", name);
  void* map = ::mmap(nullptr, layout::bytes(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) throw_errno("map", name);
  number_pool pool;
  pool.map_ = static_cast<layout*>(map);
  pool.first_ = first;
  pool.size_ = pool.end_ = size;
  pool.file_ = std::move(fd);
  pool.reserve(0);
  pool.map_->format.store(format, std::memory_order_relaxed);
  return pool;
}

void number_pool::reserve(std::size_t offset) {
  constexpr std::size_t page = 4096;
  const std::size_t n = offset / page;
  if (reserved_.size() <= n) reserved_.resize(n + 1);
  if (reserved_[n]) return;
  if (::fallocate(file_.get(), 0, static_cast<off_t>(n * page), page) != 0 && errno != EOPNOTSUPP)
    throw_errno("keep", "numbers of containers");
  reserved_[n] = true;
}

number_pool::number_pool(number_pool&& other) noexcept
    : file_(std::move(other.file_)),
      reserved_(std::move(other.reserved_)),
      map_(other.map_),
      first_(other.first_),
      size_(other.size_),
      begin_(other.begin_),
      end_(other.end_) {
  other.map_ = nullptr;
}

number_pool::~number_pool() {
  if (map_ != nullptr) ::munmap(map_, layout::bytes(size_));
}

void number_pool::give_out(std::uint32_t begin, std::uint32_t end) noexcept {
  begin_ = begin;
  end_ = std::min(end, size_);
}

bool number_pool::take_this(std::uint32_t number, std::uint64_t owner) {
  if (number >= size_) return false;
  reserve(reinterpret_cast<char*>(&map_->owners[number]) - reinterpret_cast<char*>(map_));
  std::uint64_t free = 0;
  if (!map_->owners[number].compare_exchange_strong(free, owner)) return false;
  std::uint32_t high = map_->high.load();
  while (high < number && !map_->high.compare_exchange_weak(high, number)) {
  }
  return true;
}

std::optional<std::uint32_t> number_pool::take(std::uint64_t owner) {
  const std::uint32_t from = std::max(first_, begin_), count = end_ > from ? end_ - from : 0;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const std::uint32_t number = from + map_->next.fetch_add(1, std::memory_order_relaxed) % count;
    if (take_this(number, owner)) return number;
  }
  return std::nullopt;
}

void number_pool::give_back(std::uint32_t number, std::uint64_t owner) noexcept {
  if (number < size_) map_->owners[number].compare_exchange_strong(owner, 0);
}

std::uint32_t number_pool::uses() const noexcept { return map_->next.load(std::memory_order_relaxed); }

bool number_pool::has_stale(const std::set<std::uint64_t>& living) const noexcept {
  for (std::uint32_t number = 0; number <= map_->high.load() && number < size_; ++number) {
    const std::uint64_t owner = map_->owners[number].load();
    if (owner != 0 && !living.contains(owner)) return true;
  }
  return false;
}

std::uint32_t number_pool::sweep(const std::set<std::uint64_t>& living) noexcept {
  std::uint32_t taken = 0;
  for (std::uint32_t number = 0; number <= map_->high.load() && number < size_; ++number) {
    const std::uint64_t owner = map_->owners[number].load();
    if (owner == 0) continue;
    if (living.contains(owner)) {
      ++taken;
    } else {
      give_back(number, owner);
    }
  }
  return taken;
}

std::uint64_t owner_of(const std::string& container_id) {
  return std::strtoull(container_id.substr(0, 16).c_str(), nullptr, 16) | 1;
}

std::set<std::uint64_t> living_owners(const instance& where) {
  std::set<std::uint64_t> living;
  for (const std::string& id : list_containers(where)) living.insert(owner_of(id));
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) living.insert(owner_of(id));
  return living;
}

}  // namespace lxr
