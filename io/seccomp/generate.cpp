// SPDX-License-Identifier: Apache-2.0
// Build-time tool: compiles a profile text (default_profile.txt) into BPF bytes, as a C++ initialiser list.
// usage: seccomp_generate PROFILE > OUT
// The kernel checks, converts and compiles a filter anew at every start, so its length is start latency: numbers with
// the same answer form ranges, found by binary search (libseccomp's program, which tests compare this with, is three
// times as long).
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using program = std::vector<sock_filter>;

// One alternative of an allow-if line.
struct condition {
  unsigned argument;
  std::uint64_t mask, value;
};
struct rule {
  bool allow = false, absent = false;  // absent: ENOSYS
  std::vector<condition> conditions;   // allowed when any of them holds
  int number = -1;                     // as the profile says; -1: libseccomp knows
  bool only_x86_64 = false;            // that number
};

// The end of a line: nothing, or the number of a call that libseccomp may not know.
void read_number(std::istream& words, const std::string& name, rule& r) {
  if (words >> r.number) {
    std::string where;
    if (words >> where && where != "x86_64") throw std::runtime_error("unknown architecture " + where);
    r.only_x86_64 = !where.empty();
  } else {
    r.number = -1;
    if (seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR)
      throw std::runtime_error("unknown system call " + name);
  }
}

std::map<std::string, rule> parse(std::istream& text) {
  std::map<std::string, rule> rules;
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string kind, name;
    words >> kind >> name;
    if (kind == "allow-with") continue;  // default_profile_with() reads these
    rule& r = rules[name];
    if (kind == "allow") {
      r.allow = true;
      read_number(words, name, r);
    } else if (kind == "errno") {
      std::string code;
      words >> code;
      r.absent = code == "ENOSYS";
      if (!r.absent) throw std::runtime_error("only ENOSYS: " + line);
      read_number(words, name, r);
    } else if (kind == "allow-if") {
      unsigned argument = 0;
      std::string mask, value;
      words >> argument >> mask >> value;
      r.conditions.push_back({argument, std::stoull(mask, nullptr, 0), std::stoull(value, nullptr, 0)});
    } else {
      throw std::runtime_error("unknown word: " + line);
    }
  }
  return rules;
}

sock_filter answer(std::uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
const sock_filter allowed = answer(SECCOMP_RET_ALLOW), denied = answer(SECCOMP_RET_ERRNO | EPERM),
                  absent = answer(SECCOMP_RET_ERRNO | ENOSYS);

sock_filter load(std::size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

void append(program& to, const program& what) { to.insert(to.end(), what.begin(), what.end()); }

// A jump forward over `yes` when the accumulator and `k` do not compare so; `no` follows `yes`, which never falls
// through.
program either(std::uint16_t compare, std::uint32_t k, const program& yes, const program& no) {
  program out;
  if (yes.size() <= 255) {
    out.push_back(
        BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | compare | BPF_K), k, 0, static_cast<std::uint8_t>(yes.size())));
  } else {
    out.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | compare | BPF_K), k, 1, 0));
    out.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(yes.size())));
  }
  append(out, yes);
  append(out, no);
  return out;
}

// What a range of numbers, up to the beginning of the next, leads to.
using ranges = std::vector<std::pair<std::uint32_t, program>>;

bool same(const program& a, const program& b) {
  return std::ranges::equal(a, b, [](const sock_filter& x, const sock_filter& y) {
    return x.code == y.code && x.jt == y.jt && x.jf == y.jf && x.k == y.k;
  });
}

// A binary search over a few ranges: comparisons first, behind them each different program they lead to, once.
class search_tree {
 public:
  search_tree(const ranges& all, std::size_t begin, std::size_t end) : all_(all) { root_ = add(begin, end); }
  program layout() {
    if (root_ < 0) return programs_.front();
    std::ranges::sort(order_, {}, [this](std::size_t i) { return std::pair(programs_[i].size(), i); });
    std::vector<std::size_t> starts(programs_.size());
    program tail;
    for (const std::size_t i : order_) {
      starts[i] = nodes_.size() + tail.size();
      append(tail, programs_[i]);
    }
    program out;
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      const auto distance = [&](int to) {
        const std::size_t far =
            (to >= 0 ? static_cast<std::size_t>(to) : starts[static_cast<std::size_t>(-to - 1)]) - at - 1;
        if (far > 255) throw std::runtime_error("a jump is too long");
        return static_cast<std::uint8_t>(far);
      };
      out.push_back(
          BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, nodes_[at].from, distance(nodes_[at].above), distance(nodes_[at].below)));
    }
    append(out, tail);
    return out;
  }

 private:
  struct node {
    std::uint32_t from;
    int above, below;  // a node, or -1 - the number of a program
  };
  int add(std::size_t begin, std::size_t end) {
    if (end - begin == 1) return leaf(all_[begin].second);
    const std::size_t middle = (begin + end) / 2, self = nodes_.size();
    nodes_.push_back({all_[middle].first, 0, 0});
    const int below = add(begin, middle);
    const int above = add(middle, end);
    nodes_[self].below = below;
    nodes_[self].above = above;
    return static_cast<int>(self);
  }
  int leaf(const program& p) {
    for (std::size_t i = 0; i < programs_.size(); ++i) {
      if (same(programs_[i], p)) return -1 - static_cast<int>(i);
    }
    order_.push_back(programs_.size());
    programs_.push_back(p);
    return -static_cast<int>(programs_.size());
  }

  const ranges& all_;
  std::vector<node> nodes_;
  std::vector<program> programs_;
  std::vector<std::size_t> order_;
  int root_ = 0;
};

program search(const ranges& all, std::size_t begin, std::size_t end) {
  constexpr std::size_t within_reach = 140;  // jumps go at most 255 instructions far
  if (end - begin <= within_reach) return search_tree(all, begin, end).layout();
  const std::size_t middle = (begin + end) / 2;
  return either(BPF_JGE, all[middle].first, search(all, middle, end), search(all, begin, middle));
}

// `numbers`: what each leads to; all others lead to `otherwise`.
program search(const std::map<std::uint32_t, program>& numbers, const program& otherwise) {
  ranges all{{0, otherwise}};
  const auto from = [&all](std::uint32_t number, const program& to) {
    if (all.back().first == number) all.pop_back();
    if (all.empty() || !same(all.back().second, to)) all.emplace_back(number, to);
  };
  for (const auto& [number, to] : numbers) {
    from(number, to);
    from(number + 1, otherwise);
  }
  return search(all, 0, all.size());
}

std::size_t argument_offset(unsigned argument) {
  return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
}

// Returns "allowed", or goes on behind itself.
program check(const condition& c) {
  program out{allowed};
  for (const unsigned word : {0u, 1u}) {  // the low one lies last, so that the high one is looked at first
    const auto mask = static_cast<std::uint32_t>(c.mask >> (32 * word)),
               value = static_cast<std::uint32_t>(c.value >> (32 * word));
    if (mask == 0) continue;
    program one{load(argument_offset(c.argument) + std::size_t{4} * word)};
    if (mask != 0xffffffff) one.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    one.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(out.size())));
    append(one, out);
    out = one;
  }
  return out;
}

program decide(const rule& r) {
  if (r.allow) return {allowed};
  if (r.absent) return {absent};
  const bool one_word = std::ranges::all_of(r.conditions, [&](const condition& c) {
    return c.mask == 0xffffffff && c.argument == r.conditions.front().argument;
  });
  if (one_word) {
    std::map<std::uint32_t, program> values;
    for (const condition& c : r.conditions) values[static_cast<std::uint32_t>(c.value)] = {allowed};
    program out{load(argument_offset(r.conditions.front().argument))};
    append(out, search(values, {denied}));
    return out;
  }
  program out;
  for (const condition& c : r.conditions) append(out, check(c));
  out.push_back(denied);
  return out;
}

constexpr int newest = 466;

// What a call leads to that the profile names by number, or libseccomp by name. By number: some names (socket on x86)
// stand for several.
program decide(const std::map<std::string, rule>& rules, std::uint32_t architecture, int number) {
  for (const auto& [name, r] : rules) {
    if (r.number == number && (!r.only_x86_64 || architecture == SCMP_ARCH_X86_64)) return decide(r);
  }
  char* const name = seccomp_syscall_resolve_num_arch(architecture, number);
  if (name == nullptr) return {absent};
  const auto found = rules.find(name);
  std::free(name);
  return found != rules.end() ? decide(found->second) : program{denied};
}

// Numbers above the newest one known here: ENOSYS instead of EPERM, so that libc falls back; x32 numbers too.
program for_architecture(const std::map<std::string, rule>& rules, std::uint32_t architecture) {
  std::map<std::uint32_t, program> numbers;
  for (int number = 0; number <= newest; ++number)
    numbers[static_cast<std::uint32_t>(number)] = decide(rules, architecture, number);
  program out{load(offsetof(seccomp_data, nr))};
  append(out, search(numbers, {absent}));
  return out;
}

program compile(const std::map<std::string, rule>& rules) {
  program out{load(offsetof(seccomp_data, arch))};
#if defined(__x86_64__)
  append(out, either(BPF_JEQ, AUDIT_ARCH_X86_64, for_architecture(rules, SCMP_ARCH_X86_64),
                     either(BPF_JEQ, AUDIT_ARCH_I386, for_architecture(rules, SCMP_ARCH_X86), {absent})));
#else
  append(out, either(BPF_JEQ, AUDIT_ARCH_AARCH64, for_architecture(rules, SCMP_ARCH_AARCH64), {absent}));
#endif
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::ifstream profile(argc > 1 ? argv[1] : "");
    if (!profile) throw std::runtime_error("usage: seccomp_generate PROFILE");
    for (const sock_filter& f : compile(parse(profile))) {
      std::cout << '{' << f.code << ',' << int{f.jt} << ',' << int{f.jf} << ',' << f.k << "u},\n";
    }
  } catch (const std::exception& e) {
    std::cerr << "seccomp_generate: " << e.what() << '\n';
    return 1;
  }
}
