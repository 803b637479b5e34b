// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/id_ranges.hpp"

#include <set>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "pipeline/network/address_pool.hpp"

namespace lxr::container {
namespace {

using network::address_pool;
using network::owner_of;

constexpr std::uint32_t lowest_id = 1u << 31, range_count = 31 * 1024;

address_pool open_pool(const instance& where) {
  return address_pool::open(where.state_fd(), "id-ranges", 0, range_count);
}

// Frees what starts that died have kept.
void sweep(const instance& where, address_pool& pool) {
  std::set<std::uint64_t> living;
  for (const std::string& id : list_containers(where)) living.insert(owner_of(id));
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) living.insert(owner_of(id));
  pool.sweep(living);
}

}  // namespace

std::uint32_t first_id(std::uint32_t range) { return lowest_id + (range - 1) * ids_of_range; }

std::uint32_t take_id_range(const instance& where, const std::string& id) {
  address_pool pool = open_pool(where);
  try {
    return pool.take(owner_of(id)) + 1;
  } catch (const error& e) {
    if (e.code() != errc::exhausted) throw;
  }
  sweep(where, pool);
  try {
    return pool.take(owner_of(id)) + 1;
  } catch (const error& e) {
    if (e.code() != errc::exhausted) throw;
  }
  throw error(errc::exhausted, "give the container", "ids of its own", "all ranges of ids are taken",
              "remove containers that are not needed");
}

void release_id_range(const instance& where, const std::string& id, std::uint32_t range) noexcept {
  quietly([&] { open_pool(where).give_back(range - 1, owner_of(id)); });
}

}  // namespace lxr::container
