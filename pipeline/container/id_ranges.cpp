// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/id_ranges.hpp"

#include "core/base/error.hpp"
#include "core/instance/number_pool.hpp"

namespace lxr::container {
namespace {

constexpr std::uint32_t lowest_id = 1u << 31, range_count = 31 * 1024;

number_pool open_pool(const instance& where) {
  return number_pool::open(where.state_fd(), "id-ranges", 0, range_count);
}

}  // namespace

std::uint32_t first_id(std::uint32_t range) { return lowest_id + (range - 1) * ids_of_range; }

std::uint32_t take_id_range(const instance& where, const std::string& id) {
  number_pool pool = open_pool(where);
  auto number = pool.take(owner_of(id));
  if (!number) {
    pool.sweep(living_owners(where));  // starts that died may have kept theirs
    number = pool.take(owner_of(id));
  }
  if (number) return *number + 1;
  throw error(errc::exhausted, "give the container", "ids of its own", "all ranges of ids are taken",
              "remove containers that are not needed");
}

void release_id_range(const instance& where, const std::string& id, std::uint32_t range) noexcept {
  quietly([&] { open_pool(where).give_back(range - 1, owner_of(id)); });
}

}  // namespace lxr::container
