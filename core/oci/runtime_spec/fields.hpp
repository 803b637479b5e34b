// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_fields.hpp"
#include "core/oci/runtime_spec/types.hpp"

// Lists the properties of each object of the document, for reading and writing (core/base/json_fields.hpp).
namespace lxr::oci {

template <class F, json::same_struct<box_size> T>
void describe(F& f, T& v) {
  f("height", v.height);
  f("width", v.width);
}

template <class F, json::same_struct<spec_user> T>
void describe(F& f, T& v) {
  f("uid", v.uid);
  f("gid", v.gid);
  f("umask", v.umask);
  f("additionalGids", v.additional_gids);
}

template <class F, json::same_struct<rlimit> T>
void describe(F& f, T& v) {
  f("type", v.type);
  f("hard", v.hard);
  f("soft", v.soft);
}

template <class F, json::same_struct<capability_sets> T>
void describe(F& f, T& v) {
  f("bounding", v.bounding);
  f("effective", v.effective);
  f("permitted", v.permitted);
  f("inheritable", v.inheritable);
  f("ambient", v.ambient);
}

template <class F, json::same_struct<scheduler> T>
void describe(F& f, T& v) {
  f("policy", v.policy);
  f("nice", v.nice);
  f("priority", v.priority);
  f("flags", v.flags);
  f("runtime", v.runtime);
  f("deadline", v.deadline);
  f("period", v.period);
}

template <class F, json::same_struct<io_priority> T>
void describe(F& f, T& v) {
  f("class", v.priority_class);
  f("priority", v.priority);
}

template <class F, json::same_struct<cpu_affinity> T>
void describe(F& f, T& v) {
  f("initial", v.initial);
  f("final", v.final_list);
}

template <class F, json::same_struct<process_spec> T>
void describe(F& f, T& v) {
  f("terminal", v.terminal);
  f("consoleSize", v.console_size);
  f("user", v.user);
  f("args", v.args);
  f("env", v.env);
  f("cwd", v.cwd);
  f("capabilities", v.capabilities);
  f("rlimits", v.rlimits);
  f("noNewPrivileges", v.no_new_privileges);
  f("oomScoreAdj", v.oom_score_adj);
  f("apparmorProfile", v.apparmor_profile);
  f("selinuxLabel", v.selinux_label);
  f("scheduler", v.scheduler);
  f("ioPriority", v.io_priority);
  f("execCPUAffinity", v.exec_cpu_affinity);
}

template <class F, json::same_struct<root_spec> T>
void describe(F& f, T& v) {
  f("path", v.path);
  f("readonly", v.readonly);
}

template <class F, json::same_struct<id_mapping> T>
void describe(F& f, T& v) {
  f("containerID", v.container_id);
  f("hostID", v.host_id);
  f("size", v.size);
}

template <class F, json::same_struct<mount_spec> T>
void describe(F& f, T& v) {
  f("destination", v.destination);
  f("type", v.type);
  f("source", v.source);
  f("options", v.options);
  f("uidMappings", v.uid_mappings);
  f("gidMappings", v.gid_mappings);
}

template <class F, json::same_struct<hook> T>
void describe(F& f, T& v) {
  f("path", v.path);
  f("args", v.args);
  f("env", v.env);
  f("timeout", v.timeout);
}

template <class F, json::same_struct<hooks_spec> T>
void describe(F& f, T& v) {
  f("prestart", v.prestart);
  f("createRuntime", v.create_runtime);
  f("createContainer", v.create_container);
  f("startContainer", v.start_container);
  f("poststart", v.poststart);
  f("poststop", v.poststop);
}

template <class F, json::same_struct<namespace_spec> T>
void describe(F& f, T& v) {
  f("type", v.type);
  f("path", v.path);
}

template <class F, json::same_struct<device> T>
void describe(F& f, T& v) {
  f("type", v.type);
  f("path", v.path);
  f("major", v.major);
  f("minor", v.minor);
  f("fileMode", v.file_mode);
  f("uid", v.uid);
  f("gid", v.gid);
}

template <class F, json::same_struct<net_device> T>
void describe(F& f, T& v) {
  f("name", v.name);
}

template <class F, json::same_struct<device_rule> T>
void describe(F& f, T& v) {
  f.always("allow", v.allow);
  f("type", v.type);
  f("major", v.major);
  f("minor", v.minor);
  f("access", v.access);
}

template <class F, json::same_struct<memory_resources> T>
void describe(F& f, T& v) {
  f("limit", v.limit);
  f("reservation", v.reservation);
  f("swap", v.swap);
  f("kernel", v.kernel);
  f("kernelTCP", v.kernel_tcp);
  f("swappiness", v.swappiness);
  f("disableOOMKiller", v.disable_oom_killer);
  f("useHierarchy", v.use_hierarchy);
  f("checkBeforeUpdate", v.check_before_update);
}

template <class F, json::same_struct<cpu_resources> T>
void describe(F& f, T& v) {
  f("shares", v.shares);
  f("quota", v.quota);
  f("burst", v.burst);
  f("period", v.period);
  f("realtimeRuntime", v.realtime_runtime);
  f("realtimePeriod", v.realtime_period);
  f("cpus", v.cpus);
  f("mems", v.mems);
  f("idle", v.idle);
}

template <class F, json::same_struct<pids_resources> T>
void describe(F& f, T& v) {
  f("limit", v.limit);
}

template <class F, json::same_struct<weight_device> T>
void describe(F& f, T& v) {
  f("major", v.major);
  f("minor", v.minor);
  f("weight", v.weight);
  f("leafWeight", v.leaf_weight);
}

template <class F, json::same_struct<throttle_device> T>
void describe(F& f, T& v) {
  f("major", v.major);
  f("minor", v.minor);
  f("rate", v.rate);
}

template <class F, json::same_struct<block_io_resources> T>
void describe(F& f, T& v) {
  f("weight", v.weight);
  f("leafWeight", v.leaf_weight);
  f("weightDevice", v.weight_device_list);
  f("throttleReadBpsDevice", v.throttle_read_bps);
  f("throttleWriteBpsDevice", v.throttle_write_bps);
  f("throttleReadIOPSDevice", v.throttle_read_iops);
  f("throttleWriteIOPSDevice", v.throttle_write_iops);
}

template <class F, json::same_struct<hugepage_limit> T>
void describe(F& f, T& v) {
  f("pageSize", v.page_size);
  f("limit", v.limit);
}

template <class F, json::same_struct<rdma_limit> T>
void describe(F& f, T& v) {
  f("hcaHandles", v.hca_handles);
  f("hcaObjects", v.hca_objects);
}

template <class F, json::same_struct<network_priority> T>
void describe(F& f, T& v) {
  f("name", v.name);
  f("priority", v.priority);
}

template <class F, json::same_struct<network_resources> T>
void describe(F& f, T& v) {
  f("classID", v.class_id);
  f("priorities", v.priorities);
}

template <class F, json::same_struct<resources_spec> T>
void describe(F& f, T& v) {
  f("devices", v.devices);
  f("memory", v.memory);
  f("cpu", v.cpu);
  f("pids", v.pids);
  f("blockIO", v.block_io);
  f("hugepageLimits", v.hugepage_limits);
  f("network", v.network);
  f("rdma", v.rdma);
  f("unified", v.unified);
}

template <class F, json::same_struct<syscall_argument> T>
void describe(F& f, T& v) {
  f("index", v.index);
  f("value", v.value);
  f("valueTwo", v.value_two);
  f("op", v.op);
}

template <class F, json::same_struct<syscall_rule> T>
void describe(F& f, T& v) {
  f("names", v.names);
  f("action", v.action);
  f("errnoRet", v.errno_ret);
  f("args", v.args);
}

template <class F, json::same_struct<seccomp_spec> T>
void describe(F& f, T& v) {
  f("defaultAction", v.default_action);
  f("defaultErrnoRet", v.default_errno_ret);
  f("architectures", v.architectures);
  f("flags", v.flags);
  f("listenerPath", v.listener_path);
  f("listenerMetadata", v.listener_metadata);
  f("syscalls", v.syscalls);
}

template <class F, json::same_struct<intel_rdt> T>
void describe(F& f, T& v) {
  f("closID", v.clos_id);
  f("schemata", v.schemata);
  f("l3CacheSchema", v.l3_cache_schema);
  f("memBwSchema", v.mem_bw_schema);
  f("enableMonitoring", v.enable_monitoring);
}

template <class F, json::same_struct<memory_policy> T>
void describe(F& f, T& v) {
  f("mode", v.mode);
  f("nodes", v.nodes);
  f("flags", v.flags);
}

template <class F, json::same_struct<personality_spec> T>
void describe(F& f, T& v) {
  f("domain", v.domain);
  f("flags", v.flags);
}

template <class F, json::same_struct<time_offset> T>
void describe(F& f, T& v) {
  f("secs", v.secs);
  f("nanosecs", v.nanosecs);
}

template <class F, json::same_struct<linux_spec> T>
void describe(F& f, T& v) {
  f("namespaces", v.namespaces);
  f("uidMappings", v.uid_mappings);
  f("gidMappings", v.gid_mappings);
  f("devices", v.devices);
  f("netDevices", v.net_devices);
  f("cgroupsPath", v.cgroups_path);
  f("resources", v.resources);
  f("rootfsPropagation", v.rootfs_propagation);
  f("seccomp", v.seccomp);
  f("sysctl", v.sysctl);
  f("maskedPaths", v.masked_paths);
  f("readonlyPaths", v.readonly_paths);
  f("mountLabel", v.mount_label);
  f("intelRdt", v.intel_rdt);
  f("memoryPolicy", v.memory_policy);
  f("personality", v.personality);
  f("timeOffsets", v.time_offsets);
}

template <class F, json::same_struct<runtime_spec> T>
void describe(F& f, T& v) {
  f("ociVersion", v.oci_version);
  f("process", v.process);
  f("root", v.root);
  f("hostname", v.hostname);
  f("domainname", v.domainname);
  f("mounts", v.mounts);
  f("hooks", v.hooks);
  f("annotations", v.annotations);
  f("linux", v.linux_part);
}

}  // namespace lxr::oci
