// SPDX-License-Identifier: Apache-2.0
// Verbs about the runtime itself: features (features.md of the runtime-spec) and spec.
#include <fcntl.h>
#include <unistd.h>

#include "cli/print/output.hpp"
#include "cli/runtime/program.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"
#include "core/oci/runtime_spec/defaults.hpp"
#include "core/oci/runtime_spec/document.hpp"

namespace lxr::cli::runtime_verbs {
namespace {

json::array words(std::initializer_list<const char*> all) {
  json::array out;
  for (const char* word : all) out.emplace_back(word);
  return out;
}

json::array capability_names() {
  json::array out;
  for (unsigned n = 0; n < oci::capability_count; ++n) out.emplace_back(oci::capability_name(n));
  return out;
}

json::object seccomp_features() {
  return {{"enabled", true},
          {"actions", words({"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
                             "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG"})},
          {"operators", words({"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
                               "SCMP_CMP_MASKED_EQ"})},
          {"archs", words({"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64",
                           "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390X", "SCMP_ARCH_PPC64LE"})},
          {"knownFlags", words({"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"})},
          {"supportedFlags", words({"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                    "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"})}};
}

json::object linux_features() {
  return {{"namespaces", words({"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"})},
          {"capabilities", capability_names()},
          {"cgroup", {{"v1", true}, {"v2", true}, {"systemd", false}, {"systemdUser", false}, {"rdma", true}}},
          {"seccomp", seccomp_features()},
          {"apparmor", {{"enabled", false}}},
          {"selinux", {{"enabled", false}}},
          {"intelRdt", {{"enabled", false}}},
          {"mountExtensions", {{"idmap", {{"enabled", true}}}}},
          {"netDevices", {{"enabled", false}}}};
}

oci::runtime_spec example() {
  oci::runtime_spec spec;
  spec.oci_version = "1.3.0";
  spec.root = {"rootfs", true};
  spec.hostname = "lxr";
  spec.mounts = oci::default_mounts();
  oci::process_spec& process = spec.process.emplace();
  process.terminal = true;
  process.args = {"sh"};
  process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  process.cwd = "/";
  process.no_new_privileges = true;
  oci::capability_sets& sets = process.capabilities.emplace();
  for (oci::capability_set* set : {&sets.bounding, &sets.effective, &sets.permitted})
    set->bits = oci::default_capabilities();
  process.rlimits.push_back({"RLIMIT_NOFILE", 1024, 1024});
  for (const oci::namespace_kind kind :
       {oci::namespace_kind::pid, oci::namespace_kind::network, oci::namespace_kind::ipc, oci::namespace_kind::uts,
        oci::namespace_kind::mount, oci::namespace_kind::cgroup})
    spec.linux_part.namespaces.push_back({kind, ""});
  spec.linux_part.resources.devices.push_back({false, "a", "rwm", {}, {}});
  spec.linux_part.masked_paths = oci::default_masked_paths();
  spec.linux_part.readonly_paths = oci::default_readonly_paths();
  return spec;
}

}  // namespace

int verb_features(const verb_call& call) {
  flag_set flags("Show what this runtime can do, as JSON.", "runtime features");
  if (!call.parse(flags)) return 0;
  const json::object document{
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.3.0"},
      {"hooks", words({"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"})},
      {"mountOptions", words({"async",       "atime",       "bind",           "defaults", "dev",
                              "diratime",    "exec",        "noatime",        "nodev",    "nodiratime",
                              "noexec",      "norelatime",  "nostrictatime",  "nosuid",   "nosymfollow",
                              "private",     "ratime",      "rbind",          "rdev",     "rdiratime",
                              "relatime",    "rexec",       "rnoatime",       "rnodev",   "rnodiratime",
                              "rnoexec",     "rnorelatime", "rnostrictatime", "rnosuid",  "rnosymfollow",
                              "ro",          "rprivate",    "rrelatime",      "rro",      "rrw",
                              "rshared",     "rslave",      "rstrictatime",   "rsuid",    "rsymfollow",
                              "runbindable", "rw",          "shared",         "slave",    "strictatime",
                              "suid",        "symfollow",   "unbindable"})},
      {"linux", linux_features()},
      {"annotations", {{"org.lxr.version", LXR_VERSION}}}};
  print_json_pretty(document);
  return 0;
}

int verb_spec(const verb_call& call) {
  flag_set flags("Write an example config.json.", "runtime spec");
  std::string bundle = ".";
  bool rootless = false;
  flags.add_option("-b,--bundle", bundle, "The bundle's directory (.)");
  flags.add_flag("--rootless", rootless, "Not supported yet");
  if (!call.parse(flags)) return 0;
  if (rootless) throw error(errc::unsupported, "use", "--rootless", "lxr does not do that yet");
  const std::string path = bundle + "/config.json";
  unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST) throw error(errc::already_exists, "write", path, "file exists", "remove it first");
  if (!fd) throw_errno("write", path);
  file::write_all(fd.get(), json::dump_pretty(oci::to_json(example())), path);
  return 0;
}

}  // namespace lxr::cli::runtime_verbs
