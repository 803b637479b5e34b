// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/subnets.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/error.hpp"

namespace lxr::network {
namespace nl = io::netlink;

bool lies_in(const nl::subnet& inner, const nl::subnet& outer) {
  return inner.prefix >= outer.prefix && inner.overlaps(outer);
}

namespace {

constexpr nl::subnet private_ranges[] = {
    {10u << 24, 8}, {172u << 24 | 16u << 16, 12}, {192u << 24 | 168u << 16, 16}, {100u << 24 | 64u << 16, 10}};
constexpr int widest = 16, narrowest = 24;

// Adds all subnets with `prefix` of a range: from the `first`-th to the end, then from the beginning.
void add_all(std::vector<nl::subnet>& out, const nl::subnet& range, int prefix, std::uint32_t first = 0) {
  const std::uint32_t count = 1u << (prefix - range.prefix);
  for (std::uint32_t i = 0; i < count; ++i)
    out.push_back({range.base + ((first + i) % count << (32 - prefix)), prefix});
}

nl::subnet parse_candidate(const std::string& word) {
  const nl::subnet range = parse_subnet(word).value_or(nl::subnet());
  const bool is_private = std::ranges::any_of(private_ranges, [&](const nl::subnet& p) { return lies_in(range, p); });
  if (range.prefix < 8 || range.prefix > narrowest || (range.base & ~range.mask()) != 0 || !is_private) {
    throw error(errc::invalid_argument, "use LXR_SUBNETS", '"' + word + '"', "it is not a private subnet of /8 to /24",
                "for example LXR_SUBNETS=10.64.0.0/16,172.30.0.0/20");
  }
  return range;
}

}  // namespace

subnet_candidates list_candidates(const char* setting, const std::string& tag) {
  subnet_candidates out;
  const std::string text = setting == nullptr ? "" : setting;
  for (std::size_t at = text.find_first_not_of(", \t"); at < text.size(); at = text.find_first_not_of(", \t", at)) {
    const auto end = std::min(text.find_first_of(", \t", at), text.size());
    const nl::subnet range = parse_candidate(text.substr(at, end - at));
    add_all(out.all, range, std::max(range.prefix, widest));
    at = end;
  }
  out.chosen_by_user = !out.all.empty();
  if (out.chosen_by_user) return out;
  const std::uint32_t start = tag.empty() ? 0 : static_cast<std::uint32_t>(std::stoul(tag, nullptr, 16) % 120);
  for (std::uint32_t i = 0; i < 120; ++i) out.all.push_back({(10u << 24) | ((100 + (start + i) % 120) << 16), 16});
  add_all(out.all, private_ranges[1], 16, start);
  add_all(out.all, private_ranges[2], 20, start);
  return out;
}

nl::subnet choose_subnet(const subnet_candidates& candidates, const std::vector<nl::subnet>& used) {
  for (const nl::subnet& candidate : candidates.all) {
    const bool taken = std::ranges::any_of(used, [&](const nl::subnet& u) {
      return candidate.overlaps(u) && !(candidates.chosen_by_user && u.prefix < candidate.prefix);
    });
    if (!taken) return candidate;
  }
  const std::string tried = candidates.chosen_by_user
                                ? "those of LXR_SUBNETS (" + to_text(candidates.all.front()) + " ...)"
                                : "10.100.0.0/16 to 10.219.0.0/16, 172.16.0.0/12 and 192.168.0.0/16";
  throw error(errc::exhausted, "make network", "bridge", "this host uses or routes all of " + tried,
              "name a subnet that is free, also one within a wider route: LXR_SUBNETS=10.64.0.0/16");
}

std::string to_text(const nl::subnet& s) { return nl::to_string(s.base) + "/" + std::to_string(s.prefix); }

std::optional<nl::subnet> parse_subnet(const std::string& text) {
  constexpr int longest = 32;
  const auto slash = text.find('/');
  const auto base = nl::parse_ipv4(text.substr(0, slash));
  if (!base || slash == std::string::npos) return std::nullopt;
  int prefix = -1;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (code != std::errc() || stop != end || prefix < 0 || prefix > longest) return std::nullopt;
  return nl::subnet{*base, prefix};
}

// Inside a wide route, such as a VPN's 10.0.0.0/8, a user may have a network.
void check_unused(const nl::subnet& range, const std::vector<nl::subnet>& used, const char* operation,
                  const std::string& network) {
  constexpr int narrow = 16;
  for (const nl::subnet& u : used) {
    if (!lies_in(u, range) && !(lies_in(range, u) && u.prefix >= narrow)) continue;
    throw error(errc::conflict, operation, '"' + network + '"',
                "its subnet " + to_text(range) + " overlaps " + to_text({u.base & u.mask(), u.prefix}) +
                    ", which this host uses",
                "choose another --subnet");
  }
}

}  // namespace lxr::network
