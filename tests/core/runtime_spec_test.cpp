// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"

namespace lxr::oci {
namespace {

// Every property that lxr knows, with a value that is not its default.
constexpr const char* everything = R"({
  "ociVersion": "1.3.0",
  "process": {
    "terminal": true, "consoleSize": {"height": 25, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 63, "additionalGids": [5, 6]},
    "args": ["sh"], "env": ["A=b"], "cwd": "/w",
    "capabilities": {"bounding": ["CAP_CHOWN", "CAP_BPF"], "effective": ["CAP_CHOWN"],
      "permitted": ["CAP_CHOWN"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 512}],
    "noNewPrivileges": true, "oomScoreAdj": -5, "apparmorProfile": "a", "selinuxLabel": "s",
    "scheduler": {"policy": "SCHED_FIFO", "nice": 1, "priority": 2, "flags": ["SCHED_FLAG_RESET_ON_FORK"],
      "runtime": 3, "deadline": 4, "period": 5},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 3},
    "execCPUAffinity": {"initial": "0", "final": "0-1"}
  },
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "h", "domainname": "d",
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["ro"],
              "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
                "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]}],
  "hooks": {"prestart": [{"path": "/a", "args": ["a"], "env": ["B=c"], "timeout": 3}],
    "createRuntime": [{"path": "/b"}], "createContainer": [{"path": "/c"}],
            "startContainer": [{"path": "/d"}], "poststart": [{"path": "/e"}], "poststop": [{"path": "/f"}]},
  "annotations": {"k": "v"},
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "network",
      "path": "/n"}, {"type": "uts"}, {"type": "time"}, {"type": "user"}, {"type": "ipc"}],
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}], "gidMappings": [{"containerID": 0,
      "hostID": 100000, "size": 65536}],
    "devices": [{"type": "c", "path": "/dev/x", "major": 1, "minor": 2, "fileMode": 438, "uid": 1, "gid": 1}],
    "netDevices": {"eth1": {"name": "e"}},
    "cgroupsPath": "/g",
    "resources": {
      "devices": [{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
      "memory": {"limit": 1, "reservation": 2, "swap": 3, "kernel": -1, "kernelTCP": -1, "swappiness": 0,
        "disableOOMKiller": true, "useHierarchy": true, "checkBeforeUpdate": true},
      "cpu": {"shares": 1024, "quota": 5, "burst": 6, "period": 7, "realtimeRuntime": 8, "realtimePeriod": 9,
        "cpus": "0", "mems": "0", "idle": 1},
      "pids": {"limit": 10},
      "blockIO": {"weight": 10, "leafWeight": 11, "weightDevice": [{"major": 8, "minor": 0, "weight": 12,
        "leafWeight": 13}],
                  "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}],
                    "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
                  "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}],
                    "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 18446744073709551615}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 1}],
      "network": {"classID": 1, "priorities": [{"name": "eth0", "priority": 1}]},
      "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 4}},
      "unified": {"memory.high": "1"}
    },
    "rootfsPropagation": "rslave",
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86"],
      "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                "listenerPath": "/l", "listenerMetadata": "m",
                "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 2,
                  "args": [{"index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_EQ"}]}]},
    "sysctl": {"net.ipv4.ip_forward": "1"},
    "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"], "mountLabel": "l",
    "intelRdt": {"closID": "c", "schemata": ["x"], "l3CacheSchema": "y", "memBwSchema": "z",
      "enableMonitoring": true},
    "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["f"]},
    "personality": {"domain": "LINUX32", "flags": []},
    "timeOffsets": {"boottime": {"secs": -1, "nanosecs": 2}}
  }
})";

// Same members with the same values, in any order; empty lists are absent ones.
void expect_same(const json::value& wanted, const json::value& got, const std::string& path) {
  if (const auto* o = wanted.if_object()) {
    for (const auto& [key, v] : *o) {
      if ((v.is_array() && v.as_array().empty())) continue;
      const auto* there = got.is_object() ? got.as_object().if_contains(key) : nullptr;
      ASSERT_NE(there, nullptr) << path << "." << key << " is missing";
      expect_same(v, *there, path + "." + std::string(key));
    }
  } else if (const auto* a = wanted.if_array()) {
    ASSERT_TRUE(got.is_array() && got.as_array().size() == a->size()) << path;
    for (std::size_t i = 0; i < a->size(); ++i) expect_same((*a)[i], got.as_array()[i], path);
  } else {
    EXPECT_EQ(json::dump(wanted), json::dump(got)) << path;
  }
}

TEST(runtime_spec_document, what_is_read_is_written) {
  const runtime_spec spec = parse_runtime_spec(everything, "config.json");
  expect_same(json::parse(everything, "config.json"), to_json(spec), "");
  validate(spec, "config.json");
}

TEST(runtime_spec_document, what_is_absent_is_not_written) {
  const json::object o = to_json(parse_runtime_spec(
      R"({"ociVersion": "1.0.2", "root": {"path": "r"}, "unknown": {"a": [1]}, "linux": null})", "config.json"));
  EXPECT_EQ(json::dump(o), R"({"ociVersion":"1.0.2","root":{"path":"r"}})");
}

std::string failure_of(const std::string& text) {
  try {
    validate(parse_runtime_spec(text, "config.json"), "config.json");
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument) << e.what();
    return e.what();
  }
  return "";
}

TEST(runtime_spec_document, a_wrong_property_is_named) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"process": {"args": "sh"}})", "process.args is not a list"},
      {R"({"process": {"args": ["sh", 1]}})", "process.args[1] is not a string"},
      {R"({"process": {"user": {"uid": -1}}})", "process.user.uid is not between 0 and 4294967295"},
      {R"({"process": {"user": {"uid": 4294967296}}})", "process.user.uid is not between"},
      {R"({"process": {"user": {"uid": 1.5}}})", "process.user.uid is not a whole number"},
      {R"({"process": {"terminal": 1}})", "process.terminal is neither true nor false"},
      {R"({"process": {"args": ["a\u0000b"]}})", "process.args[0] holds a NUL character"},
      {R"({"mounts": {}})", "mounts is not a list"},
      {R"({"linux": {"namespaces": [{"type": "net"}]}})", "linux.namespaces[0].type has an unknown value: \"net\""},
      {R"({"linux": {"sysctl": {"a": 1}}})", "linux.sysctl.a is not a string"},
      {R"({"hooks": []})", "hooks is not an object"},
  };
  for (const auto& [text, wanted] : cases)
    EXPECT_NE(failure_of(text).find(wanted), std::string::npos) << text << "\n" << failure_of(text);
}

TEST(runtime_spec_document, values_that_do_not_fit_are_refused) {
  const auto with = [](const std::string& members) {
    return R"({"ociVersion": "1.1.0", "root": {"path": "r"}, )" + members + "}";
  };
  const auto of_linux = [&](const std::string& members) { return with(R"("linux": {)" + members + "}"); };
  EXPECT_EQ(failure_of(with(R"("hostname": "")")), "");
  EXPECT_NE(failure_of(R"({"ociVersion": "2.0.0", "root": {"path": "r"}})").find("ociVersion is not one of 1.x"),
            std::string::npos);
  EXPECT_NE(failure_of(R"({"ociVersion": "1.0.0"})").find("root.path is missing"), std::string::npos);
  const std::pair<std::string, const char*> cases[] = {
      {with(R"("process": {"args": [], "cwd": "/"})"), "process.args is empty"},
      {with(R"("process": {"args": ["a"], "cwd": "x"})"), "process.cwd is not an absolute path"},
      {with(R"("process": {"args": ["a"], "env": ["A"]})"), "process.env holds \"A\""},
      {with(R"("process": {"args": ["a"], "oomScoreAdj": 1001})"), "process.oomScoreAdj is not between"},
      {with(R"("process": {"args": ["a"], "rlimits": [{"type": "RLIMIT_X", "hard": 1, "soft": 1}]})"),
       "names an unknown limit"},
      {with(R"("process": {"args": ["a"], "rlimits": [{"type": "RLIMIT_CPU", "hard": 1, "soft": 2}]})"),
       "soft limit of RLIMIT_CPU above"},
      {with(R"("process": {"args": ["a"], "ioPriority": {"class": "x", "priority": 1}})"),
       "process.ioPriority.class has an unknown value"},
      {with(R"("mounts": [{"type": "tmpfs"}])"), "mounts[0].destination is missing"},
      {with(R"("hooks": {"poststop": [{"path": "a"}]})"), "hooks.poststop has a path that is not absolute"},
      {with(R"("hooks": {"poststop": [{"path": "/a", "timeout": 0}]})"), "timeout that is not above 0"},
      {with(R"("hostname": "h")"), "hostname is set, but the container has no uts namespace"},
      {of_linux(R"("namespaces": [{"type": "pid"}, {"type": "pid"}])"), "linux.namespaces has pid twice"},
      {of_linux(R"("namespaces": [{"type": "user"}])"), "linux.uidMappings is missing"},
      {of_linux(R"("uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}])"), "no user namespace"},
      {of_linux(R"("namespaces": [{"type": "user"}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
                   "uidMappings": [{"containerID": 0, "hostID": 0, "size": 10}, {"containerID": 5,
                     "hostID": 100, "size": 10}])"),
       "linux.uidMappings has ranges that overlap"},
      {of_linux(R"("namespaces": [{"type": "user"}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
                   "uidMappings": [{"containerID": 1, "hostID": 0, "size": 4294967295}, {"containerID": 0,
                     "hostID": 4294967295, "size": 2}])"),
       "overlap"},
      {of_linux(R"("sysctl": {"kernel.core_pattern": "|/x"})"), "belongs to no namespace"},
      {of_linux(R"("sysctl": {"net/../kernel/core_pattern": "|/x"})"), "belongs to no namespace"},
      {of_linux(R"("sysctl": {"net.ipv4.ip_forward": "1"})"), "has no network namespace"},
      {of_linux(R"("rootfsPropagation": "x")"), "linux.rootfsPropagation has an unknown value"},
      {of_linux(R"("devices": [{"type": "x", "path": "/dev/a"}])"), "linux.devices has an unknown value"},
      {of_linux(R"("timeOffsets": {"boottime": {"secs": 1}})"), "no time namespace"},
  };
  for (const auto& [text, wanted] : cases)
    EXPECT_NE(failure_of(text).find(wanted), std::string::npos) << text << "\n" << failure_of(text);
}

TEST(runtime_spec_document, capabilities_have_names_and_unknown_ones_are_kept_apart) {
  EXPECT_EQ(capability_number("CAP_CHOWN"), 0u);
  EXPECT_EQ(capability_number("sys_admin"), 21u);
  EXPECT_EQ(capability_name(40), "CAP_CHECKPOINT_RESTORE");
  EXPECT_FALSE(capability_number("CAP_NONSENSE"));
  const auto spec = parse_runtime_spec(
      R"({"process": {"capabilities": {"bounding": ["CAP_NET_RAW", "CAP_NONSENSE"]}}})", "config.json");
  EXPECT_EQ(spec.process->capabilities->bounding.bits, std::uint64_t{1} << 13);
  EXPECT_EQ(spec.process->capabilities->bounding.unknown, std::vector<std::string>{"CAP_NONSENSE"});
}

}  // namespace
}  // namespace lxr::oci
