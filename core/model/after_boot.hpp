#pragma once

#include "core/instance/paths.hpp"

namespace lxr {

// What the first command after a boot does: every container on disk gets its name again, and those that were to be removed at
// their end (--rm) are, because their end came with the host's. It is done for a root when state/boot-<boot>-<root> exists; commands that come at
// once all do it, to the same effect. Failure: what is damaged is passed over.
void settle_after_boot(const instance& where);

}  // namespace lxr
