// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"

namespace lxr::network {

// Waits for the lock under which one lxr process of this host at a time looks at the host's subnets and chooses a free
// one, or changes an instance's nft table; closing the returned descriptor frees it.
unique_fd lock_host_network();

}  // namespace lxr::network
