// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress.hpp"

#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {

void restrict_egress(const instance& where, const egress_state& egress, const std::vector<membership>& in) {
  restriction r{{}, {}, parse_egress(egress.allowed).spans};
  for (const membership& m : in) {
    r.links.push_back(m.link);
    r.gateways.push_back(m.of.gateway);
  }
  enter(where, r);
}

void release_egress(const instance& where, const container_state& state) noexcept {
  if (!state.egress) return;
  quietly([&] {
    std::vector<std::string> links;
    links.reserve(state.networks.size());
    for (const network_place& p : state.networks) links.push_back(p.link);
    lift(where, links);
  });
}

void sweep_egress(const instance& where) {
  const auto all = list_restricted(where);
  if (all.empty()) return;
  std::set<std::string> living;  // the beginnings of their links' names
  for (const std::string& id : file::list_at(where.state_fd(), "containers")) {
    if (lives(where, id)) living.insert(link_name(id));
  }
  std::vector<std::string> dead;
  for (const restricted_link& l : all) {
    if (!living.contains(l.name.substr(0, first_link_size))) dead.push_back(l.name);
  }
  lift(where, dead);
}

}  // namespace lxr::network
