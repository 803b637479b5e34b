// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/words.hpp"

#include <linux/sched.h>

#include <algorithm>
#include <iterator>

#include "core/oci/runtime_spec/capabilities.hpp"

namespace lxr::oci {
namespace {

struct kind_row {
  namespace_kind kind;
  const char* word;
  unsigned long flag;
};

constexpr kind_row kinds[] = {
    {namespace_kind::pid, "pid", CLONE_NEWPID},          {namespace_kind::network, "network", CLONE_NEWNET},
    {namespace_kind::mount, "mount", CLONE_NEWNS},       {namespace_kind::ipc, "ipc", CLONE_NEWIPC},
    {namespace_kind::uts, "uts", CLONE_NEWUTS},          {namespace_kind::user, "user", CLONE_NEWUSER},
    {namespace_kind::cgroup, "cgroup", CLONE_NEWCGROUP}, {namespace_kind::time, "time", CLONE_NEWTIME}};

const kind_row& row_of(namespace_kind kind) { return *std::ranges::find(kinds, kind, &kind_row::kind); }

}  // namespace

const char* to_word(namespace_kind kind) { return row_of(kind).word; }
unsigned long clone_flag(namespace_kind kind) { return row_of(kind).flag; }

bool from_word(std::string_view word, namespace_kind& out) {
  const auto* found = std::ranges::find_if(kinds, [word](const kind_row& row) { return word == row.word; });
  if (found == std::end(kinds)) return false;
  out = found->kind;
  return true;
}

std::vector<std::string> to_words(const capability_set& set) {
  std::vector<std::string> out;
  for (unsigned number = 0; number < capability_count; ++number) {
    if ((set.bits >> number & 1) != 0) out.push_back(capability_name(number));
  }
  out.insert(out.end(), set.unknown.begin(), set.unknown.end());
  return out;
}

void from_words(std::vector<std::string> words, capability_set& out) {
  for (std::string& word : words) {
    if (const auto number = capability_number(word)) {
      out.bits |= std::uint64_t{1} << *number;
    } else {
      out.unknown.push_back(std::move(word));
    }
  }
}

const namespace_spec* linux_spec::find(namespace_kind kind) const {
  const auto found = std::ranges::find(namespaces, kind, &namespace_spec::type);
  return found == namespaces.end() ? nullptr : &*found;
}

}  // namespace lxr::oci
