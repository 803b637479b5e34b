// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/forwarding.hpp"

#include <fcntl.h>
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

}  // namespace

void allow_forwarding(const nl::socket& route) {
  if (is_on(setting)) return;
  std::vector<std::string> names;
  int newest = 0;
  for (const nl::link& l : links_of_others(nl::list_links(route))) {
    names.push_back(l.name);
    newest = std::max(newest, l.index);
  }
  nl::install_no_forwarding(table_name, names,
                            "lxr forwarding " + std::to_string(newest) + (is_on(redirects) ? " 1" : " 0"));
  write_sysctl(setting, true);
}

void withdraw_forwarding(const nl::socket& route) {
  const auto tables = nl::list_tables();
  const auto ours = std::ranges::find(tables, table_name, &nl::table::name);
  int newest = 0, redirected = 0;
  if (ours == tables.end() || std::sscanf(ours->comment.c_str(), "lxr forwarding %d %d", &newest, &redirected) != 2)
    return;
  const auto links = nl::list_links(route);
  if (std::ranges::any_of(links, [](const nl::link& l) { return l.name.starts_with("lxr"); })) return;
  if (std::ranges::any_of(links_of_others(links), [newest](const nl::link& l) { return l.index > newest; })) return;
  write_sysctl(setting, false);
  write_sysctl(redirects, redirected != 0);
  nl::remove_table(table_name);
}

}  // namespace lxr::network
