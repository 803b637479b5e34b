// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/forwarding.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/file.hpp"
#include "io/netlink/nft.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr const char* table_name = "lxr-forward";
constexpr const char* setting = "/proc/sys/net/ipv4/ip_forward";
// The kernel changes this setting when ip_forward changes.
constexpr const char* redirects = "/proc/sys/net/ipv4/conf/all/accept_redirects";

bool is_on(const char* sysctl) {
  const auto text = file::read_at(AT_FDCWD, sysctl);
  return text && text->starts_with("1");
}

void write_sysctl(const char* path, bool on) {
  const unique_fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (fd) static_cast<void>(!::write(fd.get(), on ? "1" : "0", 1));
}

bool is_ours(const nl::link& l) { return l.name.starts_with("lxr") || l.name.starts_with("lv"); }

std::vector<nl::link> links_of_others(const std::vector<nl::link>& all) {
  std::vector<nl::link> out;
  std::ranges::copy_if(all, std::back_inserter(out), [](const nl::link& l) { return l.name != "lo" && !is_ours(l); });
  return out;
}

// Drops packets that would be forwarded from one of `links` to one of `links`:
//   table ip lxr-forward { comment COMMENT
//     chain forward { type filter hook forward priority filter; iifname LINK jump on; ... }
//     chain on { oifname LINK drop; ... } }
void install_no_forwarding(const std::vector<std::string>& links, const std::string& comment) {
  nl::nft::transaction t(nl::nft::family::ipv4, table_name);
  t.add_table(comment);
  t.add_chain("on");
  t.add_base_chain("forward", "filter", NF_INET_FORWARD, 0);
  for (const std::string& link : links) {
    t.add_rule("on").load_meta(NFT_META_OIFNAME).is(nl::nft::link_name_value(link)).drop();
    t.add_rule("forward").load_meta(NFT_META_IIFNAME).is(nl::nft::link_name_value(link)).jump("on");
  }
  t.commit();
}

// The chains of other programs that decide about all forwarded packets: those of iptables, whose policy docker sets to
// drop, and that of firewalld. lxr's own table decides about its containers; what it drops, no accept brings back.
struct foreign_chain {
  nl::nft::family of;
  const char *table, *chain;
  bool is_for_host = false;  // decides about packets to the host: containers ask the resolver there (resolver.hpp)
};
constexpr foreign_chain foreign_chains[] = {{nl::nft::family::ipv4, "filter", "FORWARD"},
                                            {nl::nft::family::ipv6, "filter", "FORWARD"},
                                            {nl::nft::family::inet, "firewalld", "filter_FORWARD"},
                                            {nl::nft::family::ipv4, "filter", "INPUT", true},
                                            {nl::nft::family::inet, "firewalld", "filter_INPUT", true}};
constexpr const char *foreign_comment = "lxr", *links_of_containers = "lv";

bool is_of_lxr(const nl::nft::listed_rule& r) { return r.comment == foreign_comment; }

void pass_questions(nl::nft::transaction& t, const char* chain) {
  constexpr std::uint16_t dns = 53;
  for (const std::uint8_t protocol : {IPPROTO_UDP, IPPROTO_TCP}) {
    t.insert_rule(chain, foreign_comment)
        .load_meta(NFT_META_IIFNAME)
        .is(links_of_containers)
        .load_meta(NFT_META_L4PROTO)
        .is(nl::nft::bytes(1, static_cast<char>(protocol)))
        .load_destination_port()
        .is(nl::nft::bytes({static_cast<char>(dns >> 8), static_cast<char>(dns & 0xff)}))
        .count()
        .accept();
  }
}

void pass_foreign_chains() {
  for (const foreign_chain& c : foreign_chains) {
    if (std::ranges::any_of(nl::nft::list_rules(c.of, c.table, c.chain), is_of_lxr)) continue;
    nl::nft::transaction t(c.of, c.table);
    if (c.is_for_host) {
      pass_questions(t, c.chain);
      t.try_commit();
      continue;
    }
    for (const std::uint32_t key : {NFT_META_OIFNAME, NFT_META_IIFNAME})
      t.insert_rule(c.chain, foreign_comment).load_meta(key).is(links_of_containers).count().accept();
    t.try_commit();  // mostly there is no such chain
  }
}

void leave_foreign_chains() {
  for (const foreign_chain& c : foreign_chains) {
    nl::nft::transaction t(c.of, c.table);
    for (const nl::nft::listed_rule& r : nl::nft::list_rules(c.of, c.table, c.chain)) {
      if (is_of_lxr(r)) t.delete_rule(c.chain, r.handle);
    }
    t.try_commit();
  }
}

}  // namespace

void allow_forwarding(const nl::socket& route) {
  pass_foreign_chains();
  if (is_on(setting)) return;
  std::vector<std::string> names;
  int newest = 0;
  for (const nl::link& l : links_of_others(nl::list_links(route))) {
    names.push_back(l.name);
    newest = std::max(newest, l.index);
  }
  nl::nft::remove_table(nl::nft::family::ipv4, table_name);
  install_no_forwarding(names, "lxr forwarding " + std::to_string(newest) + (is_on(redirects) ? " 1" : " 0"));
  write_sysctl(setting, true);
}

void withdraw_forwarding(const nl::socket& route) {
  const auto links = nl::list_links(route);
  if (std::ranges::any_of(links, [](const nl::link& l) { return l.name.starts_with("lxr"); })) return;
  leave_foreign_chains();
  const auto tables = nl::nft::list_tables();
  const auto ours = std::ranges::find(tables, table_name, &nl::nft::table::name);
  int newest = 0, redirected = 0;
  if (ours == tables.end() || std::sscanf(ours->comment.c_str(), "lxr forwarding %d %d", &newest, &redirected) != 2)
    return;
  if (std::ranges::any_of(links_of_others(links), [newest](const nl::link& l) { return l.index > newest; })) return;
  write_sysctl(setting, false);
  write_sysctl(redirects, redirected != 0);
  nl::nft::remove_table(nl::nft::family::ipv4, table_name);
}

}  // namespace lxr::network
