// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/bridge_network.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/ownership.hpp"
#include "io/netlink/nft.hpp"
#include "pipeline/network/bridges.hpp"
#include "pipeline/network/forwarding.hpp"
#include "pipeline/network/orphans.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

std::string addresses_path() { return std::string(network_directory) + "/addresses"; }

// Numbers run from 0, the subnet's own address, to the one before the broadcast address.
std::uint32_t pool_size(const nl::subnet& range) { return ~range.mask(); }

// An index that the kernel never chooses itself (it counts from 1) and that is as unique in a network namespace as the
// address: addresses of the three private ranges differ in their lower 30 bits.
int link_index_of(nl::ipv4 address) { return static_cast<int>(1u << 30 | (address & ~(3u << 30))); }

nl::veth link_of(const attachment& with, pid_t namespace_of) {
  return {with.link, with.link_index, with.bridge, static_cast<int>(namespace_of), with.mac};
}

// Returns the name of the link with that index; "" when there is none or lxr did not make it.
std::string owned_link_at(int index) {
  char name[IF_NAMESIZE] = {};
  return ::if_indextoname(static_cast<unsigned>(index), name) != nullptr && std::string_view(name).starts_with("lv")
             ? name
             : "";
}

address_pool open_pool(const instance& where, const nl::subnet& range) {
  return address_pool::open(where.state_fd(), addresses_path(), gateway_number + 1, pool_size(range));
}

}  // namespace

std::string link_name(const std::string& container_id) { return "lv" + container_id.substr(0, 12); }

bridge_network::bridge_network(const instance& where) : where_(where), route_(nl::socket::open(NETLINK_ROUTE)) {}

// Returns true when the network exists; opens it again if it was removed and made anew.
bool bridge_network::find() {
  const auto range = saved_subnet(where_);
  const int first = nl::link_index(bridge_name(where_));
  if (!range || first == 0) return false;
  if (bridges_.empty() || first != bridges_.front() || !pool_) {
    range_ = *range;
    bridges_.assign(bridge_count, 0);
    bridges_.front() = first;
    pool_.emplace(open_pool(where_, range_));
  }
  return true;
}

// Returns the index of the bridge that carries an address; 0 when there is none yet.
int bridge_network::bridge_of(std::uint32_t number) {
  const std::uint32_t n = number / address_pool::block_size;
  int& index = bridges_.at(n);
  if (index == 0 && ::faccessat(where_.state_fd(), ready_mark(n).c_str(), F_OK, 0) == 0)
    index = nl::link_index(bridge_name(where_, n));
  return index;
}

attachment bridge_network::take_address(const std::string& container_id) {
  const std::uint64_t owner = owner_of(container_id);
  std::uint32_t missing = 0;  // the further bridge to make first
  for (;;) {
    {
      const unique_fd shared = lock_network(where_, file::lock_kind::shared);
      if (find()) {
        const std::uint32_t number = pool_->take(owner);
        attachment a;
        a.address = range_.base + number;
        a.gateway = range_.base + gateway_number;
        a.prefix = range_.prefix;
        a.bridge = bridge_of(number);
        a.link = link_name(container_id);
        a.link_index = link_index_of(a.address);
        a.mac = mac_for(a.address);
        if (a.bridge != 0) return a;
        pool_->give_back(number, owner);
        missing = number / address_pool::block_size;
      }
    }
    const unique_fd alone = lock_network(where_, file::lock_kind::exclusive);
    if (!find()) {
      make_network(where_, route_);
    } else if (missing != 0 && bridge_of(missing * address_pool::block_size) == 0) {
      bridges_.at(missing) = make_further_bridge(where_, route_, range_, missing);
    }
  }
}

task<void> bridge_network::connect(const attachment& with, pid_t namespace_of) {
  request mine{link_of(with, namespace_of), with.address};
  waiting_.push_back(&mine);
  if (!flushing_) {
    flushing_ = true;  // requests that come before flush() runs join this batch
    asio::post(co_await asio::this_coro::executor, [this] { flush(); });
  }
  while (!mine.done) co_await answered_.wait_regardless();
  // A link of an ended container has this name or index: the kernel has not removed its network namespace yet.
  if (mine.error == EEXIST || mine.error == EBUSY) {
    nl::delete_link(route_, with.link);
    nl::delete_link(route_, owned_link_at(with.link_index));
    auto again = connect(with, namespace_of);
    co_await std::move(again);
    co_return;
  }
  if (mine.error == EXFULL || mine.error == EMFILE) {
    co_await wait_for_port(with);
    co_return;
  }
  if (mine.error != 0) throw_errno(mine.error, "create", "link " + with.link);
}

// Tries every 10 ms, at most 500 times, to make the link a port of its bridge. A block has fewer addresses (1,000) than
// its bridge has ports (1,023), but links of ended containers keep their ports until the kernel has removed them.
task<void> bridge_network::wait_for_port(const attachment& with) const {
  asio::steady_timer soon(co_await asio::this_coro::executor);
  for (int attempt = 0; attempt < 500; ++attempt) {
    soon.expires_after(std::chrono::milliseconds(10));
    co_await soon.async_wait(as_result);
    nl::batch b;
    nl::put_port(b, link_of(with, 0));
    const auto failures = route_.exchange(b);
    if (failures.empty()) co_return;
    if (failures.front().error != EXFULL && failures.front().error != EMFILE)
      throw_errno(failures.front().error, "create", "link " + with.link);
  }
  throw error(errc::exhausted, "connect the container to", "its bridge",
              "a Linux bridge has 1,023 ports, and links of ended containers still hold them",
              "try again in a moment, or use --network none");
}

void bridge_network::flush() {
  flushing_ = false;
  nl::batch b;
  constexpr std::size_t at_once = 64;  // requests in one batch: their acknowledgements fit into the socket's buffer
  const std::size_t count = std::min(waiting_.size(), at_once);
  const std::vector<request*> batch(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<request*> about;  // the request of each message
  for (request* r : batch) {
    nl::put_veth(b, r->link);
    nl::put_neighbour(b, r->link.bridge, r->address, r->link.peer_mac);
    about.resize(b.size(), r);
  }
  int broken = 0;
  std::vector<nl::socket::failure> failures;
  try {
    failures = route_.exchange(b);
  } catch (const error& e) {
    broken = e.code().category() == std::generic_category() ? e.code().value() : EIO;
    route_.drain();  // else unread answers would be taken for those to the next batch
  }
  for (request* r : batch) {
    r->done = true;
    r->error = broken;
  }
  for (const auto& f : failures) {
    if (f.sequence == 0 || f.sequence > about.size()) continue;
    int& first = about[f.sequence - 1]->error;
    if (first == 0) first = f.error;  // the later messages of the link fail because the first one did
  }
  answered_.notify_all();
  if (!waiting_.empty()) flush();
}

nl::batch bridge_network::inner_configuration(const attachment& with) {
  nl::batch b;
  nl::put_link_up(b, 1, "lo");
  nl::put_address(b, nl::peer_index, with.address, with.prefix, "address " + nl::to_string(with.address), false);
  nl::put_no_ipv6_address(b, nl::peer_index, "eth0");
  nl::put_link_up(b, nl::peer_index, "eth0");
  nl::put_neighbour(b, nl::peer_index, with.gateway, mac_for(with.gateway));
  nl::put_default_route(b, with.gateway, nl::peer_index);
  return b;
}

// The port comes before the bridge, because the bridge has a carrier only once one of its ports works.
nl::batch bridge_network::link_questions(const attachment& with) {
  nl::batch b;
  nl::put_link_question(b, with.link_index);
  nl::put_link_question(b, with.bridge);
  return b;
}

nl::batch bridge_network::loopback_configuration() {
  nl::batch b;
  nl::put_link_up(b, 1, "lo");
  return b;
}

void release_address(const instance& where, const std::string& container_id, const std::string& address) noexcept {
  try {
    const auto range = saved_subnet(where);
    const auto number = nl::parse_ipv4(address);
    if (range && number) open_pool(where, *range).give_back(*number - range->base, owner_of(container_id));
  } catch (const std::exception&) {
    // The next sweep frees it.
  }
}

void sweep_orphaned_networks() {
  const unique_fd one_at_a_time = lock_host_network();
  const auto route = nl::socket::open(NETLINK_ROUTE);
  sweep_orphans(route);
  withdraw_forwarding(route);
}

bool remove_if_unused(const instance& where) {
  if (was_replaced(where)) return true;
  if (!file::try_open_at(where.state_fd(), network_directory, O_PATH)) return true;
  const unique_fd alone = lock_network(where, file::lock_kind::exclusive);
  const auto range = saved_subnet(where);
  if (!range) return true;
  std::set<std::uint64_t> living;
  for (const std::string& id : list_containers(where)) living.insert(owner_of(id));
  // Also containers of other root directories.
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) living.insert(owner_of(id));
  if (open_pool(where, *range).sweep(living) != 0) return false;
  nl::remove_table(where.kernel_name());
  const auto route = nl::socket::open(NETLINK_ROUTE);
  remove_bridges(where, route);
  quietly([&] {
    const unique_fd one_at_a_time = lock_host_network();
    withdraw_forwarding(route);
  });
  ::unlinkat(where.state_fd(), record_path().c_str(), 0);
  ::unlinkat(where.state_fd(), addresses_path().c_str(), 0);
  return true;
}

task<void> remove_when_idle(const instance& where) {
  const auto waiting = file::try_open_at(where.state_fd(), record_path(), O_RDONLY);
  if (!waiting || !file::try_lock(waiting->get(), "network.json")) co_return;
  const auto range = saved_subnet(where);
  if (!range) co_return;
  const address_pool pool = open_pool(where, *range);
  asio::steady_timer idle(co_await asio::this_coro::executor);
  for (std::uint32_t seen = pool.uses() + 1; seen != pool.uses();) {
    seen = pool.uses();
    idle.expires_after(std::chrono::seconds(1));
    co_await idle.async_wait(as_result);
  }
  remove_if_unused(where);
}

}  // namespace lxr::network
