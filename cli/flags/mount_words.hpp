// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/options/storage.hpp"

namespace lxr::cli {

// The words of -v, --mount, --tmpfs and --device, read as docker and podman do. A relative source begins with "." and
// starts at the caller's working directory.
// Failure: each throws errc::invalid_argument that names the flag, the word and what is wrong with it, and
// errc::unsupported for options that docker or podman know and lxr does not have.

// "SOURCE:TARGET[:OPTIONS]", or "TARGET" for an anonymous volume. A source with a slash is a path of the host, another
// one a volume.
mount_request parse_volume(const std::string& word);
// "type=bind,source=/a,target=/b,readonly"
mount_request parse_mount(const std::string& word);
// "/run[:OPTIONS]"
mount_request parse_tmpfs(const std::string& word);
// "/dev/fuse[:TARGET][:ACCESS]"
device_request parse_device(const std::string& word);
// Returns the rule "c 10:229 rwm" as it is. Throws for another form.
std::string check_device_rule(const std::string& word);

}  // namespace lxr::cli
