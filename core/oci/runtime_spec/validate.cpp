// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/validate.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/words.hpp"

namespace lxr::oci {
namespace {

using words = std::initializer_list<std::string_view>;

class validation {
 public:
  explicit validation(std::string_view document) : document_(document) {}

  void check(const runtime_spec& spec) const {
    check_version(spec.oci_version);
    if (spec.root.path.empty()) refuse("root.path", "is missing");
    if (spec.process) check(*spec.process);
    for (std::size_t i = 0; i < spec.mounts.size(); ++i)
      check_mount(spec.mounts[i], "mounts[" + std::to_string(i) + "]");
    check_hooks(spec.hooks);
    check_names(spec);
    check_namespaces(spec.linux_part);
    check_sysctl(spec.linux_part);
    check_devices(spec.linux_part.devices);
    check_word("linux.rootfsPropagation", spec.linux_part.rootfs_propagation,
               {"", "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"});
    if (spec.linux_part.personality)
      check_word("linux.personality.domain", spec.linux_part.personality->domain, {"LINUX", "LINUX32"});
  }

  void check(const process_spec& process) const {
    if (process.args.empty()) refuse("process.args", "is empty");
    if (!process.cwd.starts_with('/')) refuse("process.cwd", "is not an absolute path: \"" + process.cwd + '"');
    for (const std::string& assignment : process.env) {
      if (assignment.find('=') == std::string::npos)
        refuse("process.env", "holds \"" + assignment + "\", which has no =");
    }
    check_rlimits(process.rlimits);
    if (process.oom_score_adj && (*process.oom_score_adj < -1000 || *process.oom_score_adj > 1000))
      refuse("process.oomScoreAdj", "is not between -1000 and 1000");
    if (process.scheduler) {
      check_word("process.scheduler.policy", process.scheduler->policy,
                 {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"});
    }
    if (!process.io_priority) return;
    check_word("process.ioPriority.class", process.io_priority->priority_class,
               {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"});
    if (process.io_priority->priority < 0 || process.io_priority->priority > 7)
      refuse("process.ioPriority.priority", "is not between 0 and 7");
  }

  // Accepts only sysctls of a namespace that the container has for itself: any other one would change the host.
  void check_sysctl(const linux_spec& s) const {
    static constexpr std::array of_ipc{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
                                       "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
    for (const auto& [written, value] : s.sysctl) {
      std::string name = written;
      std::ranges::replace(name, '/', '.');
      std::optional<namespace_kind> kind;
      if (name.starts_with("net.")) kind = namespace_kind::network;
      if (name.starts_with("fs.mqueue.") || std::ranges::find(of_ipc, name) != of_ipc.end()) kind = namespace_kind::ipc;
      if (name == "kernel.domainname" || name == "kernel.hostname") kind = namespace_kind::uts;
      if (name == "kernel.hostname") refuse("linux.sysctl", "has " + written + ": use the property hostname");
      if (!kind || name.find("..") != std::string::npos)
        refuse("linux.sysctl", "has " + written + ", which belongs to no namespace: it would be the host's");
      if (!s.has(*kind))
        refuse("linux.sysctl",
               "has " + written + ", but the container has no " + to_word(*kind) + " namespace of its own");
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& property, const std::string& reason) const {
    throw error(errc::invalid_argument, "use", std::string(document_), property + " " + reason);
  }

  void check_word(const std::string& property, const std::string& word, words known) const {
    if (std::ranges::find(known, word) == known.end()) refuse(property, "has an unknown value: \"" + word + '"');
  }

  // Accepts every 1.x: callers also write versions of the specification that are newer than this lxr.
  void check_version(const std::string& version) const {
    if (!version.starts_with("1."))
      refuse("ociVersion", version.empty() ? "is missing" : "is not one of 1.x: \"" + version + '"');
  }

  void check_rlimits(const std::vector<rlimit>& limits) const {
    static constexpr std::array known{"RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
                                      "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
                                      "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
                                      "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};
    std::set<std::string> seen;
    for (const rlimit& l : limits) {
      if (std::ranges::find(known, l.type) == known.end())
        refuse("process.rlimits", "names an unknown limit: \"" + l.type + '"');
      if (!seen.insert(l.type).second) refuse("process.rlimits", "has " + l.type + " twice");
      if (l.soft > l.hard) refuse("process.rlimits", "has a soft limit of " + l.type + " above the hard one");
    }
  }

  void check_mappings(const std::string& property, const std::vector<id_mapping>& mappings) const {
    using range = std::pair<std::uint64_t, std::uint64_t>;
    std::vector<range> inside, outside;
    for (const id_mapping& m : mappings) {
      if (m.size == 0) refuse(property, "has a range of size 0");
      inside.emplace_back(m.container_id, std::uint64_t{m.container_id} + m.size);
      outside.emplace_back(m.host_id, std::uint64_t{m.host_id} + m.size);
    }
    for (std::vector<range>* ranges : {&inside, &outside}) {
      std::ranges::sort(*ranges);
      for (std::size_t i = 0; i < ranges->size(); ++i) {
        if ((*ranges)[i].second > std::uint64_t{1} << 32) refuse(property, "goes beyond the last id");
        if (i > 0 && (*ranges)[i].first < (*ranges)[i - 1].second) refuse(property, "has ranges that overlap");
      }
    }
  }

  void check_mount(const mount_spec& m, const std::string& property) const {
    if (m.destination.empty()) refuse(property + ".destination", "is missing");
    if (m.destination.find_first_not_of("/.") == std::string::npos) refuse(property + ".destination", "is the root");
    check_mappings(property + ".uidMappings", m.uid_mappings);
    check_mappings(property + ".gidMappings", m.gid_mappings);
    if (m.uid_mappings.empty() != m.gid_mappings.empty()) refuse(property, "has mappings of only one kind of ids");
  }

  void check_hooks(const hooks_spec& hooks) const {
    const std::pair<const char*, const std::vector<hook>*> all[] = {{"prestart", &hooks.prestart},
                                                                    {"createRuntime", &hooks.create_runtime},
                                                                    {"createContainer", &hooks.create_container},
                                                                    {"startContainer", &hooks.start_container},
                                                                    {"poststart", &hooks.poststart},
                                                                    {"poststop", &hooks.poststop}};
    for (const auto& [name, list] : all) {
      for (const hook& h : *list) {
        if (!h.path.starts_with('/'))
          refuse(std::string("hooks.") + name, "has a path that is not absolute: \"" + h.path + '"');
        if (h.timeout && *h.timeout <= 0) refuse(std::string("hooks.") + name, "has a timeout that is not above 0");
      }
    }
  }

  void check_names(const runtime_spec& spec) const {
    const bool own = spec.linux_part.has(namespace_kind::uts);
    if (!spec.hostname.empty() && !own) refuse("hostname", "is set, but the container has no uts namespace of its own");
    if (!spec.domainname.empty() && !own)
      refuse("domainname", "is set, but the container has no uts namespace of its own");
    if (spec.hostname.size() > 64) refuse("hostname", "is longer than 64 bytes");
    if (spec.domainname.size() > 64) refuse("domainname", "is longer than 64 bytes");
  }

  void check_namespaces(const linux_spec& s) const {
    std::set<namespace_kind> seen;
    for (const namespace_spec& n : s.namespaces) {
      if (!seen.insert(n.type).second) refuse("linux.namespaces", std::string("has ") + to_word(n.type) + " twice");
      if (!n.path.empty() && !n.path.starts_with('/'))
        refuse("linux.namespaces", "has a path that is not absolute: \"" + n.path + '"');
    }
    check_mappings("linux.uidMappings", s.uid_mappings);
    check_mappings("linux.gidMappings", s.gid_mappings);
    const namespace_spec* user = s.find(namespace_kind::user);
    const bool mapped = !s.uid_mappings.empty() || !s.gid_mappings.empty();
    if (mapped && user == nullptr)
      refuse("linux.uidMappings", "is set, but the container has no user namespace of its own");
    if (user != nullptr && user->path.empty() && (s.uid_mappings.empty() || s.gid_mappings.empty()))
      refuse("linux.uidMappings", "is missing for a new user namespace");
    if (!s.time_offsets.empty() && !s.has(namespace_kind::time))
      refuse("linux.timeOffsets", "is set, but the container has no time namespace of its own");
    for (const auto& [clock, offset] : s.time_offsets)
      check_word("linux.timeOffsets", clock, {"boottime", "monotonic"});
    if (!s.net_devices.empty() && !s.has(namespace_kind::network))
      refuse("linux.netDevices", "is set, but the container has no network namespace of its own");
  }

  void check_devices(const std::vector<device>& devices) const {
    for (const device& d : devices) {
      if (!d.path.starts_with('/')) refuse("linux.devices", "has a path that is not absolute: \"" + d.path + '"');
      check_word("linux.devices", d.type, {"c", "b", "u", "p"});
    }
  }

  std::string_view document_;
};

}  // namespace

void validate(const runtime_spec& spec, std::string_view document) { validation(document).check(spec); }
void validate_sysctl(const linux_spec& spec, std::string_view document) { validation(document).check_sysctl(spec); }
void validate(const process_spec& process, std::string_view document) { validation(document).check(process); }

}  // namespace lxr::oci
