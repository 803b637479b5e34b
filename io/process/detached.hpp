// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::process {

// The number of the first descriptor that run_detached() gives to the new process.
inline constexpr int first_given = 3;

// Runs this program anew under another name: in a session of its own, in the directory "/", with default signals, no
// environment, /dev/null as its standard streams, and duplicates of `given` as descriptors from first_given on. Waits
// for its end: a program that is to live on calls live_on() at once.
// Failure: throws lxr::error.
void run_detached(const std::vector<std::string>& arguments, const std::vector<int>& given);

// In such a process: goes on as a child of init, which the starter does not wait for. Gives the process the name `name`
// and makes it the last one that the kernel kills when memory runs out, where it may.
void live_on(const char* name);

}  // namespace lxr::io::process
