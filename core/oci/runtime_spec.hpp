#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lxr::oci {

// One container as the OCI runtime-spec 1.2 describes it (config.md, config-linux.md): the value that every way of
// making a container ends in, and the only input of the launch plan. Holds the members lxr acts on.
struct runtime_spec {
  struct user_ids {
    std::uint32_t uid = 0, gid = 0;
    std::vector<std::uint32_t> additional_gids;
  };
  struct process_spec {
    bool terminal = false;
    user_ids user;
    std::vector<std::string> args, env;
    std::string cwd = "/";
    bool makes_cwd = true;  // a missing working directory is made
    struct oom_score {
      int value = 0;          // -1000..1000
      bool required = false;  // else a refusal (lowering it takes CAP_SYS_RESOURCE) is passed over
    };
    std::optional<oom_score> oom_score_adj;  // none: as lxr's own
    std::uint64_t capabilities = 0;  // bit n = capability n: bounding, effective and permitted set
    std::int32_t soft_descriptors = 0;  // RLIMIT_NOFILE; 0: as it is
    std::int64_t hard_descriptors = 0;
    bool no_new_privileges = true;
    bool default_seccomp = true;
  };
  struct mount {
    std::string destination, type, source;  // `source` of a bind mount is a host path
    std::vector<std::string> options;
  };
  struct namespaces_spec {
    bool pid = true, network = true, ipc = true, uts = true, mount = true, cgroup = true;
  };
  struct resources_spec {
    std::int64_t pids_limit = 0;     // 0: none
    std::int64_t memory_limit = 0;   // bytes; 0: none
    std::int64_t cpu_quota = 0;      // microseconds per period; 0: none
    std::int64_t cpu_period = 100000;
  };

  process_spec process;
  bool root_readonly = false;
  std::string hostname;
  std::vector<mount> mounts;
  namespaces_spec namespaces;
  resources_spec resources;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths, readonly_paths;
};

// The mounts, masked and read-only paths every container gets.
std::vector<runtime_spec::mount> default_mounts();
const std::vector<std::string>& default_masked_paths();  // as this host has processors
// Counters of each processor's temperature (GHSA-6fw5-f8r9-fgfm): how hard others work. `cpus`: /sys/devices/system/cpu.
std::vector<std::string> thermal_throttle_paths(const std::string& cpus);
const std::vector<std::string>& default_readonly_paths();

// podman's set: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT. Without
// MKNOD no device cgroup is needed to keep the host's disks out of reach; without NET_RAW nobody sends forged packets, and
// `ping` works by unprivileged ICMP sockets (the sysctl ping_group_range lets everybody open them).
std::uint64_t default_capabilities();

}  // namespace lxr::oci
