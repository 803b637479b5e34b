// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

namespace lxr {

// Records which container has which number of a range: an address of a subnet, a range of user ids. A memory-mapped
// file that processes share, with the 64-bit owner of each number (0: free). Numbers are taken and freed by
// compare-and-swap, without a lock; a crash leaves at most a number whose owner no longer exists, which sweep() frees.
// Numbers run from 0 to size - 1; those from `first` on are given out. take() continues after the last number taken, so
// that one that was freed is not taken again soon.
// Lifecycle: open() creates the file if missing and maps it; the destructor unmaps it.
// Runs on: one thread per object; any number of processes.
// Owns: the mapping.
// Failure: open(), take() and take_this() throw lxr::error when the filesystem is full; open() throws errc::unsupported
//   for a file in the format of a newer lxr, and leaves it as it is.
class number_pool {
 public:
  static number_pool open(int directory, const std::string& name, std::uint32_t first, std::uint32_t size);
  number_pool(number_pool&& other) noexcept;
  number_pool& operator=(number_pool&&) = delete;
  ~number_pool();

  // From now on take() gives out only numbers from `begin` to `end` - 1.
  void give_out(std::uint32_t begin, std::uint32_t end) noexcept;
  // Takes a free number for `owner`, which is not 0; nullopt when all are taken.
  std::optional<std::uint32_t> take(std::uint64_t owner);
  // Takes this number, of all from 0 to size - 1. Returns false when another owner has it.
  bool take_this(std::uint32_t number, std::uint64_t owner);
  // Frees the number if `owner` has it.
  void give_back(std::uint32_t number, std::uint64_t owner) noexcept;
  // Counts the numbers that all processes have tried to take: changes with every take().
  [[nodiscard]] std::uint32_t uses() const noexcept;
  // Returns true when a number has an owner that is not in `living`.
  [[nodiscard]] bool has_stale(const std::set<std::uint64_t>& living) const noexcept;
  // Frees the numbers whose owner is not in `living`. Returns how many are still taken.
  std::uint32_t sweep(const std::set<std::uint64_t>& living) noexcept;

 private:
  struct layout;
  number_pool() = default;
  void reserve(std::size_t offset);

  unique_fd file_;
  std::vector<bool> reserved_;  // pages with space on disk: a write to another one may end the process with SIGBUS
  layout* map_ = nullptr;
  std::uint32_t first_ = 0, size_ = 0;
  std::uint32_t begin_ = 0, end_ = 0;  // of the numbers that take() gives out
};

// Returns the owner for a container: the first 16 hex digits of its id, with the lowest bit set so that it is not 0.
std::uint64_t owner_of(const std::string& container_id);
// Returns the owners for all containers of the instance, also of those of other root directories that share its state
// directory.
std::set<std::uint64_t> living_owners(const instance& where);

}  // namespace lxr
