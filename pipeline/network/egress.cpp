// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress.hpp"

#include <fcntl.h>
#include <linux/netlink.h>

#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {
namespace {

// A directory in the state directory once a container was restricted: without it a sweep asks the kernel nothing. To
// close a netfilter socket takes the kernel some milliseconds.
constexpr const char* mark = "egress";

// Returns true for a link of a container that lives, whose link may not be made yet.
bool lives_with(const instance& where, const std::string& link) {
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) {
    if (link_name(id) == link.substr(0, first_link_size)) return lives(where, id);
  }
  return false;
}

}  // namespace

void restrict_egress(const instance& where, const egress_state& egress, const std::vector<membership>& in) {
  restriction r{{}, {}, parse_egress(egress.allowed).spans};
  for (const membership& m : in) {
    r.links.push_back(m.link);
    r.gateways.push_back(m.of.gateway);
  }
  file::make_directory_at(where.state_fd(), mark);
  enter(where, r);
}

void forget_answers(const instance& where, const std::vector<membership>& in) {
  std::set<std::string> links;
  for (const membership& m : in) links.insert(m.link);
  withdraw_answers(where, links);
}

void cut_off(const container_state& state) noexcept {
  if (!state.egress) return;
  quietly([&] {
    io::netlink::batch b;
    for (const network_place& p : state.networks) {
      const auto address = io::netlink::parse_ipv4(p.address);
      const int link = io::netlink::link_index(p.link);
      // Without the link the route may be that of another container, which has the address by now.
      if (address && link != 0) io::netlink::put_no_host_route(b, *address, link);
    }
    if (b.size() == 0) return;
    static_cast<void>(io::netlink::socket::open(NETLINK_ROUTE).exchange(b));  // some may be gone
  });
}

void sweep_egress(const instance& where) {
  if (!file::try_open_at(where.state_fd(), mark, O_PATH)) return;
  std::vector<std::string> gone;
  const auto all = list_restricted(where);
  for (const restricted_link& l : all) {
    if (io::netlink::link_index(l.name) == 0 && !lives_with(where, l.name)) gone.push_back(l.name);
  }
  if (gone.empty()) return;
  lift(where, gone);
  withdraw_answers(where, {gone.begin(), gone.end()});
}

}  // namespace lxr::network
