// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/bridge_network.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/instance/ownership.hpp"
#include "pipeline/network/egress.hpp"
#include "pipeline/network/forwarding.hpp"
#include "pipeline/network/gateway.hpp"
#include "pipeline/network/host_lock.hpp"
#include "pipeline/network/orphans.hpp"
#include "pipeline/network/ports.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

std::string addresses_path(const std::string& directory) { return directory + "/addresses"; }

constexpr std::uint32_t first_given_out = 1;   // 0 is the subnet's own address; the gateway's is taken
constexpr std::uint64_t owner_of_gateway = 2;  // no container's (owner_of())

// Numbers run from 0, the subnet's own address, to the one before the broadcast address.
std::uint32_t pool_size(const nl::subnet& range) { return ~range.mask(); }

// An index that the kernel never chooses itself (it counts from 1). Addresses of one network differ in their lower 30
// bits; the networks' groups make those of different networks differ.
int link_index_of(nl::ipv4 address, std::uint32_t group) {
  constexpr std::uint32_t low_bits = (1u << 30) - 1;
  return static_cast<int>(1u << 30 | ((address ^ group) & low_bits));
}

std::string inner_name(const attachment& with) { return "eth" + std::to_string(with.position); }

nl::veth link_of(const attachment& with, pid_t namespace_of) {
  return {with.link, with.link_index,  mac_for(with.in.gateway),   with.in.group, static_cast<int>(namespace_of),
          with.mac,  inner_name(with), inner_index(with.position), with.in.mtu};
}

// Removes what an ended container has left where this one's link is to be: a link of that name, and one with that index
// in the same network, where nobody else has this address. Returns false when another link has the index.
bool make_way(const nl::socket& route, const attachment& of) {
  for (const nl::link& l : nl::list_links(route)) {
    if (l.name != of.link && l.index != of.link_index) continue;
    if (l.name != of.link && (l.group != of.in.group || !l.name.starts_with("lv"))) return false;
    nl::delete_link(route, l.name);
  }
  return true;
}

number_pool open_pool(const instance& where, const layout& of) {
  number_pool pool =
      number_pool::open(where.state_fd(), addresses_path(of.directory), first_given_out, pool_size(of.range));
  if (of.given_out.prefix != 0) {
    const std::uint32_t begin = (of.given_out.base & of.given_out.mask()) - of.range.base;
    pool.give_out(begin, begin + ~of.given_out.mask() + 1);
  }
  pool.take_this(of.gateway - of.range.base, owner_of_gateway);
  return pool;
}

// Frees the addresses whose owners are not among these; returns how many are taken. The owners' published ports go
// first: else these would lead to the next container that gets the address.
std::uint32_t keep_only(const instance& where, number_pool& pool, std::set<std::uint64_t> living) {
  living.insert(owner_of_gateway);
  if (pool.has_stale(living)) sweep_ports(where);
  return pool.sweep(living) - 1;
}

// Frees the addresses of containers that are gone.
std::uint32_t sweep(const instance& where, number_pool& pool) { return keep_only(where, pool, living_owners(where)); }

// Also those of containers whose process has died without a monitor that would have freed them.
void sweep_deeply(const instance& where, number_pool& pool) {
  std::set<std::uint64_t> living;
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) {
    if (lives(where, id)) living.insert(owner_of(id));
  }
  keep_only(where, pool, std::move(living));
}

std::vector<std::string> directories(const instance& where) {
  std::vector<std::string> out;
  for (const std::string& name : file::list_at(where.state_fd(), "networks")) out.push_back("networks/" + name);
  return out;
}

}  // namespace

bridge_network::bridge_network(const instance& where, layout wanted)
    : where_(where), route_(nl::socket::open(NETLINK_ROUTE)), wanted_(std::move(wanted)) {}

// Returns true when the network exists; opens it again if it was removed and made anew.
bool bridge_network::find() {
  auto made = saved_layout(where_, wanted_.directory);
  const int device = made ? nl::link_index(made->bridge) : 0;
  if (device == 0) return false;
  if (device != device_ || !pool_) {
    made_ = std::move(*made);
    device_ = device;
    pool_.emplace(open_pool(where_, made_));
  }
  return true;
}

std::uint32_t bridge_network::take_number(std::uint64_t owner, const wanted_place& wanted) {
  if (!wanted.address) {
    auto number = pool_->take(owner);
    if (!number) {
      sweep_deeply(where_, *pool_);
      number = pool_->take(owner);
    }
    if (number) return *number;
    throw error(
        errc::exhausted, "give the container an address in", "network " + made_.name,
        "all addresses of " + to_text(made_.given_out.prefix != 0 ? made_.given_out : made_.range) + " are taken",
        "remove containers that are not needed, or make a larger network");
  }
  const std::string subject = nl::to_string(*wanted.address);
  const std::uint32_t number = *wanted.address - made_.range.base;
  if ((*wanted.address & made_.range.mask()) != made_.range.base || number == 0 || number >= pool_size(made_.range)) {
    throw error(errc::invalid_argument, "use address", subject,
                "it is no address of network " + made_.name + ", which is " + to_text(made_.range));
  }
  if (*wanted.address == made_.gateway)
    throw error(errc::invalid_argument, "use address", subject, "it is the gateway of network " + made_.name);
  if (pool_->take_this(number, owner)) return number;
  sweep_deeply(where_, *pool_);
  if (pool_->take_this(number, owner)) return number;
  throw error(errc::conflict, "use address", subject, "another container has it", "choose another one, or remove that");
}

attachment bridge_network::take_address(const std::string& container_id, const wanted_place& wanted) {
  for (;;) {
    {
      const unique_fd shared = lock_network(where_, wanted_.directory, file::lock_kind::shared);
      if (find()) {
        attachment a;
        a.in = made_;
        a.address = made_.range.base + take_number(owner_of(container_id), wanted);
        a.position = wanted.position;
        a.link = link_name(container_id, wanted.position);
        a.link_index = link_index_of(a.address, made_.group);
        a.mac = wanted.mac.value_or(mac_for(a.address));
        return a;
      }
    }
    const unique_fd alone = lock_network(where_, wanted_.directory, file::lock_kind::exclusive);
    if (!find()) make_network(where_, route_, wanted_);
  }
}

task<void> bridge_network::connect(const attachment& with, pid_t namespace_of, int attempts) {
  request mine{link_of(with, namespace_of), with.address, with.in.gateway};
  waiting_.push_back(&mine);
  if (!flushing_) {
    flushing_ = true;  // requests that come before flush() runs join this batch
    asio::post(co_await asio::this_coro::executor, [this] { flush(); });
  }
  while (!mine.done) co_await answered_.wait_regardless();
  // A link of an ended container has this name or index: the kernel has not removed its network namespace yet.
  if ((mine.error == EEXIST || mine.error == EBUSY) && attempts > 0 && make_way(route_, with)) {
    auto again = connect(with, namespace_of, attempts - 1);
    co_await std::move(again);
    co_return;
  }
  if (mine.error != 0) throw_errno(mine.error, "create", "link " + with.link);
}

void bridge_network::flush() {
  flushing_ = false;
  constexpr std::size_t at_once = 64;  // requests in one batch: their acknowledgements fit into the socket's buffer
  const std::size_t count = std::min(waiting_.size(), at_once);
  std::vector<request*> all(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  exchange(all, [](nl::batch& b, const request& r) { nl::put_veth(b, r.link); });
  for (const request* r : all) {
    if (r->error == 0) disable_ipv6(r->link.host_name);  // before it is up, and would get an address
  }
  exchange(all, [](nl::batch& b, const request& r) {
    nl::put_veth_up(b, r.link);
    nl::put_host_route(b, r.address, r.link.host_index, r.gateway);
    nl::put_neighbour(b, r.link.host_index, r.address, r.link.peer_mac);
  });
  for (request* r : all) r->done = true;
  answered_.notify_all();
  if (!waiting_.empty()) flush();
}

// Sends the messages of all requests that have not failed, and notes the first failure of each.
void bridge_network::exchange(const std::vector<request*>& of, void (*put)(nl::batch&, const request&)) {
  nl::batch b;
  std::vector<request*> about;  // the request of each message
  for (request* r : of) {
    if (r->error == 0) put(b, *r);
    about.resize(b.size(), r);
  }
  if (about.empty()) return;
  try {
    for (const auto& f : route_.exchange(b)) {
      if (f.sequence == 0 || f.sequence > about.size()) continue;
      int& first = about[f.sequence - 1]->error;
      if (first == 0) first = f.error;  // the later messages of the link fail because the first one did
    }
  } catch (const error& e) {
    for (request* r : about) r->error = e.code().category() == std::generic_category() ? e.code().value() : EIO;
    route_.drain();  // else unread answers would be taken for those to the next batch
  }
}

nl::batch bridge_network::inner_configuration(const std::vector<attachment>& with, bool has_default_route) {
  nl::batch b;
  nl::put_link_up(b, 1, "lo");
  for (const attachment& a : with) {
    const int index = inner_index(a.position);
    nl::put_address(b, index, a.address, a.in.range.prefix, "address " + nl::to_string(a.address), false);
    constexpr int least_of_ipv6 = 1280;  // RFC 8200, 5: below, the kernel has no IPv6 on a link
    if (a.in.mtu == 0 || a.in.mtu >= least_of_ipv6) nl::put_no_ipv6_address(b, index, inner_name(a));
    nl::put_link_up(b, index, inner_name(a));
    nl::put_neighbour(b, index, a.in.gateway, mac_for(a.in.gateway));
    if (a.in.is_internal || has_default_route) {
      nl::put_route_through(b, a.in.range, a.in.gateway, index);
    } else {
      nl::put_default_route(b, a.in.gateway, index);
      has_default_route = true;
    }
  }
  return b;
}

nl::batch bridge_network::link_questions(const std::vector<attachment>& with) {
  nl::batch b;
  for (const attachment& a : with) nl::put_link_question(b, a.link_index);
  return b;
}

nl::batch bridge_network::loopback_configuration() {
  nl::batch b;
  nl::put_link_up(b, 1, "lo");
  return b;
}

void release_address(const instance& where, const std::string& directory, const std::string& container_id,
                     const std::string& address) noexcept {
  try {
    const auto of = saved_layout(where, directory);
    const auto number = nl::parse_ipv4(address);
    if (of && number) open_pool(where, *of).give_back(*number - of->range.base, owner_of(container_id));
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

bool remove_if_unused(const instance& where, const std::string& directory) {
  if (was_replaced(where) || !file::try_open_at(where.state_fd(), directory, O_PATH)) return true;
  const unique_fd alone = lock_network(where, directory, file::lock_kind::exclusive);
  const auto of = saved_layout(where, directory);
  if (!of) return true;
  number_pool pool = open_pool(where, *of);
  if (sweep(where, pool) > 0) return false;
  remove_network(where, nl::socket::open(NETLINK_ROUTE), *of);
  ::unlinkat(where.state_fd(), addresses_path(directory).c_str(), 0);
  return true;
}

void remove_unused(const instance& where) {
  quietly([&] { sweep_egress(where); });
  for (const std::string& directory : directories(where)) remove_if_unused(where, directory);
}

task<void> remove_when_idle(const instance& where) {
  const auto waiting = file::try_open_at(where.state_fd(), "networks", O_RDONLY | O_DIRECTORY);
  if (!waiting || !file::try_lock(waiting->get(), "networks")) co_return;
  std::vector<number_pool> pools;
  for (const std::string& directory : directories(where)) {
    if (const auto of = saved_layout(where, directory)) pools.push_back(open_pool(where, *of));
  }
  if (pools.empty()) co_return;
  const auto uses = [&pools] {
    std::uint64_t sum = 0;
    for (const number_pool& pool : pools) sum += pool.uses();
    return sum;
  };
  asio::steady_timer idle(co_await asio::this_coro::executor);
  for (std::uint64_t seen = uses() + 1; seen != uses();) {
    seen = uses();
    idle.expires_after(std::chrono::seconds(1));
    co_await idle.async_wait(as_result);
  }
  remove_unused(where);
}

}  // namespace lxr::network
