#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr::image_worker {

// Gives up, before the first byte from outside is read, what pulling an image does not need: every capability but those
// for making files of any owner and mode, new privileges by exec, and (Landlock, Linux 5.13) writing anywhere but in the
// store and reading anywhere but in system configuration and the image layout that is pulled, if one is.
// CAP_SYS_ADMIN stays for one thing: overlayfs' trusted.overlay.opaque attribute. Landlock takes mounting from it.
void confine(const instance& where, const std::string& layout = {});

}  // namespace lxr::image_worker
