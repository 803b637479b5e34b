// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runtime/record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/base/json.hpp"
#include "core/base/record.hpp"
#include "core/oci/runtime_spec/document.hpp"

namespace lxr::runtime {
namespace {

constexpr const char *state_file = "state.json", *spec_file = "config.json", *start_file = "start",
                     *filter_file = "seccomp.bpf";

bool is_id(const std::string& id) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+';
  };
  if (id.empty() || id.size() > 1024 ||
      !std::ranges::all_of(id, [&](char c) { return is_letter(c) || c == '-' || c == '.'; }))
    return false;
  return id != "." && id != "..";
}

void check_id(const std::string& id) {
  if (!is_id(id)) throw error(errc::invalid_argument, "use", '"' + id + '"', "invalid container ID format");
}

[[noreturn]] void missing(const std::string& id) {
  throw error(errc::not_found, "find", "container " + id, "container does not exist");
}

// Waits for the verb that is at work on the container. False when that has removed it.
bool lock(int directory) {
  file::lock(directory, file::lock_kind::exclusive, "container");
  struct stat st{};
  return ::fstat(directory, &st) == 0 && st.st_nlink > 0;
}

}  // namespace

container_directory container_directory::create(const std::string& root, const std::string& id) {
  check_id(id);
  const unique_fd top = file::make_directories(root);
  if (!file::make_directory_at(top.get(), id, 0711))
    throw error(errc::already_exists, "create", "container " + id, "container with given ID already exists");
  container_directory out = look(root, id);
  if (!lock(out.fd_.get())) missing(id);
  out.holds_lock_ = true;
  return out;
}

container_directory container_directory::open(const std::string& root, const std::string& id) {
  container_directory out = look(root, id);
  if (!lock(out.fd_.get())) missing(id);
  out.holds_lock_ = true;
  return out;
}

container_directory container_directory::look(const std::string& root, const std::string& id) {
  check_id(id);
  container_directory out;
  out.id_ = id;
  out.path_ = root + "/" + id;
  auto fd = file::try_open_at(AT_FDCWD, out.path_, O_RDONLY | O_DIRECTORY);
  if (!fd) missing(id);
  out.fd_ = std::move(*fd);
  return out;
}

std::vector<std::string> container_directory::list(const std::string& root) {
  std::vector<std::string> out;
  const auto top = file::try_open_at(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
  if (!top) return out;
  for (std::string& name : file::list_at(top->get(), ".")) {
    struct stat st{};
    if (is_id(name) && ::fstatat(top->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
      out.push_back(std::move(name));
  }
  std::ranges::sort(out);
  return out;
}

std::optional<container_record> container_directory::load() const {
  const auto text = file::read_at(fd_.get(), state_file);
  if (!text) return std::nullopt;
  const json::object o = lxr::record::read(*text, path_ + "/" + state_file);
  container_record r;
  r.id = json::get_string(o, "id");
  r.bundle = json::get_string(o, "bundle");
  r.rootfs = json::get_string(o, "rootfs");
  r.init = get_process(o, "init");
  r.created_ns = json::get_int(o, "created");
  r.owner = static_cast<std::uint32_t>(json::get_int(o, "owner"));
  r.cgroup = json::get_string(o, "cgroup");
  r.cgroup_trees = json::get_strings(o, "cgroupTrees");
  r.is_creating = json::get_bool(o, "creating");
  return r;
}

void container_directory::save(const container_record& r) const {
  json::object o{{"id", r.id},
                 {"bundle", r.bundle},
                 {"rootfs", r.rootfs},
                 {"init", to_json(r.init)},
                 {"created", r.created_ns},
                 {"owner", r.owner},
                 {"cgroup", r.cgroup},
                 {"cgroupTrees", json::from(r.cgroup_trees)},
                 {"creating", r.is_creating}};
  file::replace_at(fd_.get(), state_file, lxr::record::text_of(std::move(o)));
}

oci::runtime_spec container_directory::load_spec() const {
  const auto text = file::read_at(fd_.get(), spec_file);
  if (!text) throw error(errc::corrupt, "read", path_ + "/" + spec_file, "it is missing");
  return oci::read_runtime_spec(json::parse_record(*text, spec_file), path_ + "/" + spec_file);
}

void container_directory::save_spec(const oci::runtime_spec& spec) const {
  file::replace_at(fd_.get(), spec_file, json::dump(oci::to_json(spec)));
}

std::optional<io::seccomp::filter> container_directory::load_filter() const {
  const auto text = file::read_at(fd_.get(), filter_file);
  io::seccomp::filter f;
  if (!text || text->size() <= sizeof f.flags) return std::nullopt;
  std::memcpy(&f.flags, text->data(), sizeof f.flags);
  f.program = text->substr(sizeof f.flags);
  return f;
}

void container_directory::save_filter(const io::seccomp::filter& f) const {
  std::string text(reinterpret_cast<const char*>(&f.flags), sizeof f.flags);
  file::replace_at(fd_.get(), filter_file, text + f.program);
}

bool container_directory::is_locked() const {
  if (holds_lock_) return false;
  const auto own = file::try_open_at(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  return own && !file::try_lock(own->get(), "container " + id_, file::lock_kind::shared);
}

bool container_directory::is_waiting() const { return ::faccessat(fd_.get(), start_file, F_OK, 0) == 0; }
void container_directory::mark_started() const { ::unlinkat(fd_.get(), start_file, 0); }
void container_directory::remove() const { file::remove_tree_at(AT_FDCWD, path_); }

}  // namespace lxr::runtime
