// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::io::cgroup {

// The device rules of a runtime-spec (config-linux.md, "Allowed Device list"): applied in their order, so that a later
// rule wins; what no rule matches is allowed.

// v1: the writes to devices.allow and devices.deny ("c 1:3 rwm").
struct device_write {
  std::string file, value;
};
std::vector<device_write> device_writes(const std::vector<oci::device_rule>& rules);

// v2: the same as instructions of a program of type BPF_PROG_TYPE_CGROUP_DEVICE (struct bpf_insn each).
// Source: Documentation/bpf, include/uapi/linux/bpf.h (struct bpf_cgroup_dev_ctx).
std::vector<std::uint64_t> device_program(const std::vector<oci::device_rule>& rules);

// Loads that program and attaches it to the group that `directory` is an open descriptor of (not O_PATH); then takes
// off the programs that were attached to it before, so that an update never leaves a moment without rules.
// Failure: throws lxr::error with the kernel's errno; the rules are as before.
void attach_device_program(int directory, const std::vector<oci::device_rule>& rules);

}  // namespace lxr::io::cgroup
