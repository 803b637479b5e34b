// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lxr::cli {

// Where the values of a flag or an argument come from: what completion offers for it.
enum class value_source {
  none,
  files,                 // of the caller; the shell lists them
  directories,           // likewise
  containers,            // every container, by name or id
  running_containers,    // those whose first process runs
  startable_containers,  // those that are created or have exited
  images,                // every image, by name or id
  containers_and_images,
  networks,
  platforms,  // architectures, in OCI's words
  shells,     // for which there is a completion script
  signals,
  volumes,
  variables,  // names of the caller's environment variables
};

}  // namespace lxr::cli
