// SPDX-License-Identifier: Apache-2.0
#include "io/process/plan_builder.hpp"

#include "core/base/error.hpp"

namespace lxr::io::process {
namespace {

constexpr std::size_t alignment = 8;

void align(std::string& block) { block.resize((block.size() + alignment - 1) & ~(alignment - 1)); }

void check(std::string_view s) {
  if (s.find('\0') == std::string_view::npos) return;
  throw error(errc::invalid_argument, "plan", std::string(s.substr(0, s.find('\0'))), "a text holds a NUL byte");
}

template <class T>
std::uint32_t append(std::string& block, const std::vector<T>& elements) {
  align(block);
  const auto offset = static_cast<std::uint32_t>(block.size());
  block.append(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T));
  return offset;
}

}  // namespace

child::slot plan_builder::slot(int fd) {
  slots_.push_back(fd);
  return static_cast<child::slot>(slots_.size()) - 1;
}

std::uint32_t plan_builder::put(std::string_view s, bool terminate) {
  align(block_);
  const auto offset = static_cast<std::uint32_t>(block_.size());
  block_.append(s);
  if (terminate) block_.push_back('\0');
  return offset;
}

child::text plan_builder::text(std::string_view s) {
  check(s);
  return {put(s, true)};
}

child::bytes plan_builder::bytes(std::string_view s) { return {put(s, true), static_cast<std::uint32_t>(s.size())}; }

child::string_list plan_builder::list(const std::vector<std::string>& strings) {
  std::vector<std::uint32_t> offsets;
  offsets.reserve(strings.size());
  for (const std::string& s : strings) offsets.push_back(text(s).offset);
  child::string_list out{static_cast<std::uint32_t>(strings.size())};
  out.offsets = append(block_, offsets);
  out.pointers = append(block_, std::vector<std::uint64_t>(strings.size() + 1));
  return out;
}

built_plan plan_builder::build() {
  child::launch_plan header{};
  header.magic = child::plan_magic;
  header.op_count = static_cast<std::uint32_t>(ops_.size());
  header.ops = append(block_, ops_);
  header.slot_count = static_cast<std::uint32_t>(slots_.size());
  header.slots = append(block_, slots_);
  align(block_);
  header.size = static_cast<std::uint32_t>(block_.size());
  std::memcpy(block_.data(), &header, sizeof header);
  built_plan out;
  out.block.resize(block_.size() / sizeof(std::uint64_t));
  std::memcpy(out.block.data(), block_.data(), block_.size());
  out.subjects = std::move(subjects_);
  for (const int fd : slots_) {
    if (fd >= 0) out.inherited.push_back(fd);
  }
  return out;
}

std::string filesystem_options(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    out.append(word, 0, equals).push_back('\0');
    if (equals != std::string::npos) out.append(word, equals + 1);
    out.push_back('\0');
  }
  return out;
}

}  // namespace lxr::io::process
