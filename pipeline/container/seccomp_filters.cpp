// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/seccomp_filters.hpp"

#include <cstring>
#include <functional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/spec/capabilities.hpp"
#include "pipeline/spec/seccomp_profile.hpp"

namespace lxr::container {
namespace {

constexpr const char* directory = "seccomp";
const std::string version = "2 ";  // of what compile() makes: another one makes other programs

std::string file_of(const std::string& key) {
  return std::string(directory) + "/" + std::to_string(std::hash<std::string>()(key));
}

// The file holds the length of the key, the key, the flags and the program: another profile with the same hash is seen.
std::string text_of(const std::string& key, const io::seccomp::filter& f) {
  const std::uint64_t size = key.size();
  std::string text(reinterpret_cast<const char*>(&size), sizeof size);
  text += key;
  text.append(reinterpret_cast<const char*>(&f.flags), sizeof f.flags);
  return text + f.program;
}

std::optional<io::seccomp::filter> kept(const instance& where, const std::string& key) {
  const auto text = file::read_at(where.state_fd(), file_of(key));
  const std::string head = text_of(key, {});
  const std::size_t before_flags = head.size() - sizeof(std::uint32_t);
  if (!text || text->size() <= head.size() || text->compare(0, before_flags, head, 0, before_flags) != 0) return {};
  io::seccomp::filter f;
  std::memcpy(&f.flags, text->data() + before_flags, sizeof f.flags);
  f.program = text->substr(head.size());
  return f;
}

}  // namespace

const io::seccomp::filter& seccomp_filters::made(const std::string& profile, std::uint64_t capabilities) {
  const std::string key = version + std::to_string(capabilities) + " " + profile;
  if (const auto known = made_.find(key); known != made_.end()) return known->second;
  if (auto found = kept(where_, key)) return made_[key] = std::move(*found);
  const oci::seccomp_spec spec = profile.empty()
                                     ? io::seccomp::default_profile_with(capabilities)
                                     : spec::read_seccomp_profile(profile, capabilities, "the seccomp profile");
  io::seccomp::filter f = io::seccomp::compile(spec);
  quietly([&] {
    file::make_directory_at(where_.state_fd(), directory);
    file::replace_at(where_.state_fd(), file_of(key), text_of(key, f));
  });
  return made_[key] = std::move(f);
}

launch::filter_inputs seccomp_filters::of(const security_options& o) {
  if (o.seccomp == "unconfined" || (o.privileged && o.seccomp.empty())) return {};
  const std::uint64_t capabilities = spec::choose_capabilities(o).bounding;
  if (o.seccomp.empty() && (o.cap_add.empty() || io::seccomp::is_default_for(capabilities)))
    return {io::seccomp::default_profile(), 0};
  const io::seccomp::filter& f = made(o.seccomp, capabilities);
  return {f.program, f.flags};
}

}  // namespace lxr::container
