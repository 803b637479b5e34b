// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress_policy.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/error.hpp"
#include "io/dns/message.hpp"
#include "pipeline/network/subnets.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

constexpr egress_policy::span special[] = {
    {0xa9fe0000, 0xa9feffff}, {0xa83f8110, 0xa83f8110}, {0x646464c8, 0x646464c8}, {0xc00000c0, 0xc00000c0}};

// The parts of a span outside of the special ones. One that lies within a special one was named for that.
std::vector<egress_policy::span> without_special(egress_policy::span s) {
  for (const auto& out : special) {
    if (s.last < out.first || s.first > out.last || (s.first >= out.first && s.last <= out.last)) continue;
    std::vector<egress_policy::span> parts;
    if (s.first < out.first) parts = without_special({s.first, out.first - 1});
    if (s.last > out.last) {
      for (const auto& part : without_special({out.last + 1, s.last})) parts.push_back(part);
    }
    return parts;
  }
  return {s};
}

constexpr std::size_t longest_list = 1000;

bool is_domain(std::string word) {
  std::string lower = word;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "none") return false;  // stands alone
  if (word.starts_with("*.")) word = word.substr(2);
  const bool has_letter = std::ranges::any_of(word, [](char c) { return c < '0' || c > '9' ? c != '.' : false; });
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return has_letter && std::ranges::all_of(word, is_plain) && io::dns::name_of(word).has_value();
}

// Sorts the spans, and joins those that overlap or touch: the kernel refuses elements that overlap.
void join(std::vector<egress_policy::span>& spans) {
  std::ranges::sort(spans, {}, &egress_policy::span::first);
  std::vector<egress_policy::span> out;
  for (const auto& s : spans) {
    if (!out.empty() && (out.back().last == ~nl::ipv4{0} || s.first <= out.back().last + 1)) {
      out.back().last = std::max(out.back().last, s.last);
    } else {
      out.push_back(s);
    }
  }
  spans = std::move(out);
}

}  // namespace

bool is_special(nl::ipv4 address) {
  return std::ranges::any_of(special, [&](const auto& s) { return s.first <= address && address <= s.last; });
}

egress_policy parse_egress(const std::vector<std::string>& words) {
  egress_policy out;
  for (const std::string& word : words) {
    const auto address = nl::parse_ipv4(word);
    const auto range = parse_subnet(word);
    if (address) {
      out.spans.push_back({*address, *address});
    } else if (range) {
      const nl::ipv4 first = range->base & range->mask();
      for (const auto& part : without_special({first, first | ~range->mask()})) out.spans.push_back(part);
    } else if (is_domain(word)) {
      out.domains.push_back(word);
    } else {
      throw error(errc::invalid_argument, "use --egress", '"' + word + '"',
                  "it is no IPv4 address, subnet or domain name",
                  "for example --egress 10.0.0.0/8,example.org,*.example.org, or --egress none");
    }
  }
  join(out.spans);
  if (out.spans.size() > longest_list || out.domains.size() > longest_list) {
    throw error(errc::invalid_argument, "use --egress", "", "the list is too long",
                "name at most 1000 addresses and subnets, and 1000 domains");
  }
  return out;
}

}  // namespace lxr::network
