#pragma once

#include "core/oci/reference.hpp"
#include "core/state/paths.hpp"

namespace lxr::image {

// Gives up, before the first byte from outside is read, what pulling an image does not need: every capability but those
// for making files of any owner and mode, new privileges by exec, and (Landlock, Linux 5.13) writing anywhere but in the
// store and reading anywhere but in system configuration and an image layout being pulled.
// CAP_SYS_ADMIN stays for one thing: overlayfs' trusted.overlay.opaque attribute. Landlock takes mounting from it.
void confine(const instance& where, const oci::reference& from);

}  // namespace lxr::image
