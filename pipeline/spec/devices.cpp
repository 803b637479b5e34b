// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>

#include "core/base/error.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

namespace fs = std::filesystem;

// Directories and nodes of the host's /dev that a container has of its own.
const std::set<std::string> own_nodes{"pts",   "shm",    "mqueue",  "fd",   "console", "ptmx",
                                      "stdin", "stdout", "stderr",  "core", "null",    "zero",
                                      "full",  "random", "urandom", "tty",  "log",     "initctl"};

class device_list {
 public:
  explicit device_list(oci::runtime_spec& spec) : spec_(spec) {}

  void add(const device_request& r) {
    std::error_code failed;
    if (!fs::exists(r.host, failed))
      throw error(errc::not_found, "use --device", '"' + r.host + '"', "no such file or directory on the host");
    if (!fs::is_directory(r.host, failed)) {
      if (!add_node(r.host, r.target, r.access))
        throw error(errc::invalid_argument, "use --device", '"' + r.host + '"', "it is no device");
      return;
    }
    bool found = false;
    for (const fs::directory_entry& e : fs::recursive_directory_iterator(r.host)) {
      const std::string below = e.path().lexically_relative(r.host).string();
      found = add_node(e.path().string(), r.target + "/" + below, r.access) || found;
    }
    if (!found) throw error(errc::invalid_argument, "use --device", '"' + r.host + '"', "no device is in it");
  }

  // Every device of the host; without device rules all may be used.
  void add_all() {
    for (auto at = fs::recursive_directory_iterator("/dev"); at != fs::recursive_directory_iterator(); ++at) {
      if (at.depth() == 0 && own_nodes.contains(at->path().filename().string())) {
        at.disable_recursion_pending();
      } else {
        add_node(at->path().string(), at->path().string(), "");
      }
    }
  }

  void add_rule(const std::string& text) {
    std::istringstream words(text);
    std::string type, numbers, access;
    words >> type >> numbers >> access;
    const auto colon = numbers.find(':');
    allow(type, number(numbers.substr(0, colon)), number(numbers.substr(colon + 1)), access);
  }

 private:
  static std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t out = 0;
    if (text == "*" || std::from_chars(text.data(), text.data() + text.size(), out).ec != std::errc()) return {};
    return out;
  }

  // With an empty `access`: no rule. Returns false for what is no device.
  bool add_node(const std::string& host, const std::string& target, const std::string& access) {
    struct stat st{};
    if (::stat(host.c_str(), &st) != 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) return false;
    const std::string type = S_ISBLK(st.st_mode) ? "b" : "c";
    const auto major_number = static_cast<std::int64_t>(major(st.st_rdev)),
               minor_number = static_cast<std::int64_t>(minor(st.st_rdev));
    constexpr mode_t permissions = 0777;
    spec_.linux_part.devices.push_back(
        {type, target, major_number, minor_number, st.st_mode & permissions, st.st_uid, st.st_gid});
    if (!access.empty()) allow(type, major_number, minor_number, access);
    return true;
  }

  void allow(const std::string& type, std::optional<std::int64_t> major_number,
             std::optional<std::int64_t> minor_number, const std::string& access) {
    std::vector<oci::device_rule>& rules = spec_.linux_part.resources.devices;
    if (rules.empty()) rules.push_back({false, "a", "rwm", {}, {}});
    rules.push_back({true, type, access, major_number, minor_number});
  }

  oci::runtime_spec& spec_;
};

// A device that appears inside a mount would be lost there, or made on the host.
void check_target(const device_request& r, const std::vector<mount_request>& mounts) {
  for (const mount_request& m : mounts) {
    if (r.target == m.target || r.target.starts_with(m.target + "/"))
      throw error(errc::invalid_argument, "use --device", '"' + r.target + '"', m.target + " is mounted there",
                  "name another target");
  }
}

bool needs_rules(const container_config& config) {
  const bool makes_nodes = std::ranges::any_of(
      config.security.cap_add, [](const std::string& name) { return name == "ALL" || name == "CAP_MKNOD"; });
  return makes_nodes ||
         std::ranges::any_of(config.storage.mounts, [](const mount_request& m) { return m.kind != mount_kind::tmpfs; });
}

}  // namespace

// A container without devices of its own, without the right to make any and without files of others needs no rules: the
// nodes that it has are lxr's.
void add_devices(oci::runtime_spec& spec, const container_config& config) {
  device_list list(spec);
  if (config.security.privileged) list.add_all();
  for (const device_request& r : config.storage.devices) {
    check_target(r, config.storage.mounts);
    list.add(r);
  }
  if (config.security.privileged) {
    spec.linux_part.resources.devices.clear();
    return;
  }
  for (const std::string& rule : config.storage.device_rules) list.add_rule(rule);
  if (needs_rules(config) && spec.linux_part.resources.devices.empty())
    spec.linux_part.resources.devices.push_back({false, "a", "rwm", {}, {}});
}

}  // namespace lxr::spec
