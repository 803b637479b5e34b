#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::network {

// Which container has which host number of a subnet, in a file shared by many processes: one 64-bit owner per number,
// taken and given back by compare-and-swap, so there is no lock and a crash leaves at most an owner that is gone.
// Lifecycle: open() maps the file, making it when missing. Numbers run up to size - 1, in blocks of block_size; of each
//   block, those from `first` up to block_members in all are given away, since one bridge carries a block.
// Failure: a full filesystem is an error of open() or take().
// take() fills a block before it begins the next, and in a block goes on behind the number taken last.
class address_pool {
 public:
  static constexpr std::uint32_t block_size = 1024, block_members = 1000;  // a Linux bridge has 1,023 ports
  static address_pool open(int directory, const std::string& name, std::uint32_t first, std::uint32_t size);
  address_pool(address_pool&& other) noexcept;
  address_pool& operator=(address_pool&&) = delete;
  ~address_pool();

  // A free number for `owner` (not 0). Throws errc::exhausted.
  std::uint32_t take(std::uint64_t owner);
  // Gives the number back if `owner` has it.
  void give_back(std::uint32_t number, std::uint64_t owner) noexcept;
  // Changes with every take(), of whichever process.
  [[nodiscard]] std::uint32_t uses() const noexcept;
  // Gives back what belongs to nobody in `living`; returns how many numbers are still taken.
  std::uint32_t sweep(const std::set<std::uint64_t>& living) noexcept;

 private:
  struct layout;
  address_pool() = default;
  void reserve(std::size_t offset);

  unique_fd file_;
  std::vector<bool> reserved_;  // pages of the file that are known to have room: touching one without ends the process (SIGBUS)
  layout* map_ = nullptr;
  std::uint32_t first_ = 0, size_ = 0;
};

// The owner a container's id stands for: its first 16 hex digits.
std::uint64_t owner_of(const std::string& container_id);

}  // namespace lxr::network
