// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The configuration of one container as the OCI runtime-spec 1.3 defines it (config.md, config-linux.md). Every way to
// make a container produces this value, and the launch plan is built from it.
// - A struct is an object of the document; a member is the property of the same name in camelCase.
// - An empty string, list or optional is a property that is absent.
// - Properties of platforms other than Linux have no members; reading a document ignores them.
namespace lxr::oci {

using annotations_map = std::map<std::string, std::string>;

struct box_size {  // of a terminal, in characters
  std::uint32_t height = 0, width = 0;
};

struct spec_user {
  std::uint32_t uid = 0, gid = 0;
  std::optional<std::uint32_t> umask;  // none: 022
  std::vector<std::uint32_t> additional_gids;
};

struct rlimit {
  std::string type;                  // "RLIMIT_NOFILE"
  std::uint64_t hard = 0, soft = 0;  // UINT64_MAX: no limit
};

// Bit n is capability n of <linux/capability.h>.
struct capability_set {
  std::uint64_t bits = 0;
  std::vector<std::string> unknown;  // names that this lxr does not know; they are ignored with a warning
};
struct capability_sets {
  capability_set bounding, effective, permitted, inheritable, ambient;
};

struct scheduler {     // sched_setattr(2)
  std::string policy;  // "SCHED_OTHER"
  std::int32_t nice = 0, priority = 0;
  std::vector<std::string> flags;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
};

struct io_priority {           // ioprio_set(2)
  std::string priority_class;  // property "class": "IOPRIO_CLASS_BE"
  std::int32_t priority = 0;   // 0..7
};

struct cpu_affinity {  // of `exec`: lists of processors ("0-3,7") before and after it is in the container's cgroup
  std::string initial, final_list;
};

struct process_spec {
  bool terminal = false;
  std::optional<box_size> console_size;
  spec_user user;
  std::vector<std::string> args, env;  // KEY=value
  std::string cwd = "/";
  std::optional<capability_sets> capabilities;  // none: no capability
  std::vector<rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<std::int32_t> oom_score_adj;  // -1000..1000; none: as that of the runtime
  std::string apparmor_profile, selinux_label;
  std::optional<oci::scheduler> scheduler;
  std::optional<oci::io_priority> io_priority;
  std::optional<cpu_affinity> exec_cpu_affinity;
};

struct root_spec {
  std::string path;  // absolute, or relative to the bundle
  bool readonly = false;
};

struct id_mapping {
  std::uint32_t container_id = 0, host_id = 0, size = 0;
};

struct mount_spec {
  std::string destination, type, source;  // `source` of a bind mount is a path of the host
  std::vector<std::string> options;       // mount(8) words
  std::vector<id_mapping> uid_mappings, gid_mappings;
};

struct hook {
  std::string path;
  std::vector<std::string> args;
  std::optional<std::vector<std::string>> env;  // none: the runtime's
  std::optional<std::int32_t> timeout;          // seconds
};

struct hooks_spec {
  std::vector<hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
};

enum class namespace_kind { pid, network, mount, ipc, uts, user, cgroup, time };

struct namespace_spec {
  namespace_kind type = namespace_kind::pid;
  std::string path;  // of one to join; empty: a new one
};

struct device {
  std::string type, path;  // type: "c", "b", "u" or "p"
  std::int64_t major = 0, minor = 0;
  std::optional<std::uint32_t> file_mode, uid, gid;
};

struct net_device {
  std::string name;  // in the container; empty: as on the host
};

struct device_rule {  // of the device cgroup
  bool allow = false;
  std::string type, access;                  // "a", "b", "c"; a subset of "rwm"
  std::optional<std::int64_t> major, minor;  // none: all
};

struct memory_resources {  // bytes; -1: no limit
  std::optional<std::int64_t> limit, reservation, swap, kernel, kernel_tcp;
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer, use_hierarchy, check_before_update;
};

struct cpu_resources {
  std::optional<std::uint64_t> shares, burst, period, realtime_period;  // shares: cgroup v1's, 2..262144; microseconds
  std::optional<std::int64_t> quota, realtime_runtime, idle;            // microseconds per period
  std::string cpus, mems;                                               // lists: "0-3,7"
};

struct weight_device {
  std::int64_t major = 0, minor = 0;
  std::optional<std::uint16_t> weight, leaf_weight;
};

struct throttle_device {
  std::int64_t major = 0, minor = 0;
  std::uint64_t rate = 0;  // bytes, or operations, a second
};

struct block_io_resources {
  std::optional<std::uint16_t> weight, leaf_weight;  // 10..1000
  std::vector<weight_device> weight_device_list;
  std::vector<throttle_device> throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops;
};

struct hugepage_limit {
  std::string page_size;    // "2MB"
  std::uint64_t limit = 0;  // bytes
};

struct rdma_limit {
  std::optional<std::uint32_t> hca_handles, hca_objects;
};

struct network_priority {
  std::string name;
  std::uint32_t priority = 0;
};

struct network_resources {
  std::optional<std::uint32_t> class_id;
  std::vector<network_priority> priorities;
};

struct pids_resources {
  std::optional<std::int64_t> limit;  // 0 or less: none
};

struct resources_spec {
  std::vector<device_rule> devices;
  std::optional<memory_resources> memory;
  std::optional<cpu_resources> cpu;
  std::optional<pids_resources> pids;
  std::optional<block_io_resources> block_io;
  std::vector<hugepage_limit> hugepage_limits;
  std::optional<network_resources> network;
  std::map<std::string, rdma_limit> rdma;
  std::map<std::string, std::string> unified;  // file of cgroup v2 → what is written to it
};

struct syscall_argument {
  std::uint32_t index = 0;
  std::uint64_t value = 0, value_two = 0;
  std::string op;  // "SCMP_CMP_EQ"
};

struct syscall_rule {
  std::vector<std::string> names;
  std::string action;  // "SCMP_ACT_ALLOW"
  std::optional<std::uint32_t> errno_ret;
  std::vector<syscall_argument> args;
};

struct seccomp_spec {
  std::string default_action;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures, flags;
  std::string listener_path, listener_metadata;
  std::vector<syscall_rule> syscalls;
};

struct intel_rdt {
  std::string clos_id, l3_cache_schema, mem_bw_schema;
  std::vector<std::string> schemata;
  bool enable_monitoring = false;
};

struct memory_policy {  // set_mempolicy(2)
  std::string mode, nodes;
  std::vector<std::string> flags;
};

struct personality_spec {  // personality(2)
  std::string domain;      // "LINUX" or "LINUX32"
  std::vector<std::string> flags;
};

struct time_offset {  // time_namespaces(7)
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
};

struct linux_spec {
  std::vector<namespace_spec> namespaces;
  std::vector<id_mapping> uid_mappings, gid_mappings;
  std::vector<device> devices;
  std::map<std::string, net_device> net_devices;  // by their name on the host
  std::string cgroups_path;
  resources_spec resources;
  std::string rootfs_propagation;  // "private", "rshared", ...
  std::optional<seccomp_spec> seccomp;
  std::map<std::string, std::string> sysctl;  // "net.ipv4.ip_forward"
  std::vector<std::string> masked_paths, readonly_paths;
  std::string mount_label;
  std::optional<oci::intel_rdt> intel_rdt;
  std::optional<oci::memory_policy> memory_policy;
  std::optional<personality_spec> personality;
  std::map<std::string, time_offset> time_offsets;  // "boottime", "monotonic"

  [[nodiscard]] const namespace_spec* find(namespace_kind kind) const;  // null: the container is in the runtime's
  [[nodiscard]] bool has(namespace_kind kind) const { return find(kind) != nullptr; }
};

struct runtime_spec {
  std::string oci_version;
  std::optional<process_spec> process;  // none: nothing can be started
  root_spec root;
  std::string hostname, domainname;
  std::vector<mount_spec> mounts;  // in the order in which they are made
  hooks_spec hooks;
  annotations_map annotations;
  linux_spec linux_part;  // property "linux", which compilers define to 1
};

}  // namespace lxr::oci
