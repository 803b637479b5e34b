// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lxr::cli {

// The completion scripts, made by CMake from the files of this folder. They ask `lxr __complete` for everything.
extern const char* const bash_script;
extern const char* const zsh_script;
extern const char* const fish_script;

}  // namespace lxr::cli
