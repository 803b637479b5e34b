// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/networks.hpp"

#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/base/record.hpp"
#include "core/instance/names.hpp"
#include "core/instance/trash.hpp"
#include "core/model/container_config.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/definitions.hpp"
#include "pipeline/network/gateway.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

unique_fd lock(const instance& where, file::lock_kind kind) {
  return file::lock_directory(where.root_fd(), definitions_directory, kind, "the networks");
}

network_record default_record(const instance& where) {
  const layout known = default_layout(where);
  network_record out;
  out.name = default_network;
  out.driver = "bridge";
  // As unique as an id need be, and the same for each command.
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", known.group);
  for (int i = 0; i < 8; ++i) out.id += digits;
  if (const auto made = saved_layout(where, known.directory)) {
    out.subnet = to_text(made->range);
    out.gateway = nl::to_string(made->gateway);
  }
  return out;
}

// RFC 6890: neither "this network", loopback, multicast nor reserved.
bool is_unicast(const nl::subnet& s) {
  const std::uint32_t first = s.base >> 24;
  return first != 0 && first != 127 && first < 224;
}

bool is_reserved(const std::string& name) {
  return std::ranges::any_of(std::initializer_list<const char*>{"bridge", "none", "host", "default", "container", "ns"},
                             [&name](const char* word) { return name == word; });
}

[[noreturn]] void refuse(const network_record& n, const std::string& what, const std::string& why,
                         const std::string& remedy = "") {
  throw error(errc::invalid_argument, "create network", '"' + n.name + '"', what + " " + why, remedy);
}

void check_overlap(const std::vector<network_record>& others, const network_record& wanted, const nl::subnet& range) {
  for (const network_record& o : others) {
    const auto theirs = parse_subnet(o.subnet);
    if (theirs && theirs->overlaps(range)) {
      throw error(errc::conflict, "create network", '"' + wanted.name + '"',
                  "its subnet " + to_text(range) + " overlaps that of network " + o.name + ", " + o.subnet,
                  "choose another --subnet");
    }
  }
  check_unused(range, nl::used_subnets(nl::socket::open(NETLINK_ROUTE)), "create network", wanted.name);
}

// The subnet of a network for which the user named none: a small one, so that there may be many networks.
nl::subnet choose(const instance& where, const std::vector<network_record>& others) {
  constexpr int prefix = 20;
  const subnet_candidates wide = list_candidates(std::getenv("LXR_SUBNETS"), where.tag());
  subnet_candidates candidates{{}, wide.chosen_by_user};
  for (const nl::subnet& w : wide.all) {
    const int own = std::max(w.prefix, prefix);
    for (nl::ipv4 base = w.base; base - w.base <= ~w.mask(); base += 1u << (32 - own))
      candidates.all.push_back({base, own});
  }
  // The default network takes the first wide one that is free.
  const auto end_of_first = std::ranges::find_if(
      candidates.all, [&](const nl::subnet& c) { return c.base >> 24 != candidates.all.front().base >> 24; });
  std::reverse(candidates.all.begin(), end_of_first);
  std::vector<nl::subnet> used = nl::used_subnets(nl::socket::open(NETLINK_ROUTE));
  for (const nl::subnet& s : subnets_of(others)) used.push_back(s);
  return choose_subnet(candidates, used);
}

void complete(const instance& where, const std::vector<network_record>& others, network_record& n) {
  constexpr int widest = 8, narrowest = 30;
  auto range = n.subnet.empty() ? choose(where, others) : parse_subnet(n.subnet);
  if (!range) refuse(n, "--subnet", '"' + n.subnet + "\" is no subnet", "for example --subnet 10.64.0.0/24");
  if (range->prefix < widest || range->prefix > narrowest) refuse(n, "--subnet", n.subnet + " is not of /8 to /30");
  if (!is_unicast(*range)) refuse(n, "--subnet", n.subnet + " holds no addresses of hosts");
  if ((range->base & ~range->mask()) != 0) {
    refuse(n, "--subnet", n.subnet + " has bits set behind its prefix",
           "write " + to_text({range->base & range->mask(), range->prefix}));
  }
  if (!n.subnet.empty()) check_overlap(others, n, *range);
  n.subnet = to_text(*range);
  if (n.gateway.empty()) n.gateway = nl::to_string(range->base + 1);
  const auto gateway = nl::parse_ipv4(n.gateway);
  if (!gateway || (*gateway & range->mask()) != range->base || *gateway == range->base ||
      *gateway == (range->base | ~range->mask()))
    refuse(n, "--gateway", '"' + n.gateway + "\" is no address of a member of " + n.subnet);
  if (n.ip_range.empty()) return;
  const auto given_out = parse_subnet(n.ip_range);
  if (!given_out || !lies_in(*given_out, *range))
    refuse(n, "--ip-range", '"' + n.ip_range + "\" is no part of " + n.subnet);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// The caller holds the lock alone.
void discard(const instance& where, const network_record& n) {
  const layout of = layout_of(n);
  if (!remove_if_unused(where, of.directory)) {
    throw error(errc::conflict, "remove network", '"' + n.name + '"',
                "a container that is being started has an address in it", "try again in a moment");
  }
  if (::unlinkat(where.root_fd(), definition_path(n.name).c_str(), 0) != 0)
    throw_errno("remove network", '"' + n.name + '"');
  quietly([&] { move_state_to_trash(where, of.directory); });
  empty_trash(where);
}

}  // namespace

unique_fd lock_shared(const instance& where) { return lock(where, file::lock_kind::shared); }

network_record create(const instance& where, network_record wanted) {
  if (!is_name(wanted.name)) {
    throw error(errc::invalid_argument, "create network", '"' + wanted.name + '"',
                "a name is letters, digits, _, . and -, and begins with a letter or digit");
  }
  if (is_reserved(wanted.name)) {
    throw error(errc::invalid_argument, "create network", '"' + wanted.name + '"',
                "that word stands for a network already", "choose another name");
  }
  const unique_fd alone = lock(where, file::lock_kind::exclusive);
  const auto others = list(where);
  if (std::ranges::find(others, wanted.name, &network_record::name) != others.end()) {
    throw error(errc::already_exists, "create network", '"' + wanted.name + '"',
                "network with name " + wanted.name + " already exists", "choose another name, or remove that one");
  }
  if (wanted.driver.empty()) wanted.driver = "bridge";
  complete(where, others, wanted);
  wanted.id = new_container_id();
  wanted.created_ns = unix_time_ns();
  file::replace_at(where.root_fd(), definition_path(wanted.name), record::text_of(json::write_fields(wanted)));
  return wanted;
}

std::vector<network_record> list(const instance& where) {
  std::vector<network_record> out = read_definitions(where);
  out.push_back(default_record(where));
  std::ranges::sort(out, {}, &network_record::name);
  return out;
}

std::optional<network_record> find(const instance& where, const std::string& word) {
  const auto all = list(where);
  const auto named = std::ranges::find(all, word, &network_record::name);
  if (named != all.end()) return *named;
  std::optional<network_record> out;
  for (const network_record& n : all) {
    if (word.empty() || !n.id.starts_with(word)) continue;
    if (out) throw error(errc::invalid_argument, "use network", '"' + word + '"', "several ids begin with it");
    out = n;
  }
  return out;
}

layout find_layout(const instance& where, const std::string& name) {
  if (name == default_network) return default_layout(where);
  const auto n = read_definition(where, name);
  if (n) return layout_of(*n);
  if (const auto by_id = find(where, name))
    return by_id->name == default_network ? default_layout(where) : layout_of(*by_id);
  throw error(errc::not_found, "use network", '"' + name + '"', "network " + name + " not found",
              "see lxr network ls, or make it: lxr network create " + name);
}

std::map<std::string, std::vector<std::string>> users(const instance& where) {
  std::map<std::string, std::vector<std::string>> out;
  for (const std::string& id : list_containers(where)) {
    try {
      const container_config config = load_config(where, id);
      for (const network_request& n : config.network.networks) out[n.name].push_back(config.name);
    } catch (const error& e) {
      if (e.code() != errc::not_found) throw;  // it was removed, or is none yet
    }
  }
  for (auto& [network, names] : out) std::ranges::sort(names);
  return out;
}

void remove(const instance& where, const std::string& word) {
  const unique_fd alone = lock(where, file::lock_kind::exclusive);
  const auto n = find(where, word);
  if (!n) throw error(errc::not_found, "remove network", '"' + word + '"', "network " + word + " not found");
  if (n->name == default_network) {
    throw error(errc::not_permitted, "remove network", '"' + word + '"',
                "it is the default network: it comes with the first container that needs it and goes with the last");
  }
  const auto used = users(where);
  const auto found = used.find(n->name);
  if (found != used.end()) {
    throw error(errc::conflict, "remove network", '"' + n->name + '"', "containers have it: " + joined(found->second),
                "remove them first");
  }
  discard(where, *n);
}

std::vector<std::string> prune(const instance& where) {
  const unique_fd alone = lock(where, file::lock_kind::exclusive);
  const auto used = users(where);
  std::vector<std::string> gone;
  for (const network_record& n : read_definitions(where)) {
    if (used.contains(n.name)) continue;
    try {
      discard(where, n);
      gone.push_back(n.name);
    } catch (const error& e) {
      if (e.code() != errc::conflict) throw;  // a container that is being started has it
    }
  }
  return gone;
}

}  // namespace lxr::network
