// SPDX-License-Identifier: Apache-2.0
// Any config.json is refused or read; what was read is written as a document that reads as the same spec. A valid spec
// gives a launch plan, or an error that says what lxr does not do.
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/launch/container_plan.hpp"
#include "pipeline/launch/mount_options.hpp"
#include "pipeline/launch/spec_inputs.hpp"

namespace {

using namespace lxr;

void plan(const oci::runtime_spec& spec) {
  launch::launch_inputs in;
  in.staging_directory = "/run";
  in.cgroup_tasks = {5};
  in.cgroups = {false, {"memory"}, {"/sys/fs/cgroup/memory/lxr/x"}};
  in.seccomp.program = io::seccomp::default_profile();
  for (const oci::namespace_spec& n : spec.linux_part.namespaces) {  // opened by the caller, too
    if (!n.path.empty()) in.joined.push_back({n.type, {}});
  }
  for (const oci::mount_spec& m : spec.mounts) {  // sources are the caller's to open, one for each bind mount
    if (launch::read_mount_options(m).is_bind) in.binds.emplace_back();
  }
  (void)launch::cgroup_resources(spec);
  const auto made = launch::make_container_plan(spec, in, {"etc/hosts"});
  const auto* header = reinterpret_cast<const io::child::launch_plan*>(made.bytes().data());
  if (header->size != made.bytes().size() || header->op_count != made.subjects.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto spec = oci::parse_runtime_spec({reinterpret_cast<const char*>(data), size}, "fuzz");
    const std::string written = json::dump(oci::to_json(spec));
    if (json::dump(oci::to_json(oci::parse_runtime_spec(written, "again"))) != written) std::abort();
    oci::validate(spec, "fuzz");
    plan(spec);
  } catch (const error& e) {
    if (e.subject() == "again") std::abort();  // lxr does not read what it wrote
  }
  return 0;
}
