// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/instance/paths.hpp"

namespace lxr {

// Settles the containers on disk; called by the first command after a boot. Each container gets its name again; an idle
// one with auto_remove (--rm) is removed, because it ended with the host.
// state/boot-<boot>-<hash of root> marks it as done for that root. Commands that start at the same time all do it, to
// the same effect.
// Failure: skips a container whose record is damaged.
void settle_after_boot(const instance& where);

}  // namespace lxr
