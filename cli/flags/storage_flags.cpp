// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/storage_flags.hpp"

#include <set>

#include "cli/flags/flag_values.hpp"
#include "cli/flags/mount_words.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {

void add_storage_flags(flag_set& app, storage_options& options) {
  app.add_option(
         "-v,--volume", [&options](const std::string& word) { options.mounts.push_back(parse_volume(word)); },
         "Mount a path of the host, or a volume by its name: /src:/app:ro, cache:/var/cache")
      ->takes("[SOURCE:]TARGET[:OPTIONS]", value_source::files)
      ->repeated();
  app.add_option(
         "--mount", [&options](const std::string& word) { options.mounts.push_back(parse_mount(word)); },
         "The same in words: type=bind|volume|tmpfs,source=...,target=...,readonly")
      ->takes("KEY=VALUE,...")
      ->repeated();
  app.add_option(
         "--tmpfs", [&options](const std::string& word) { options.mounts.push_back(parse_tmpfs(word)); },
         "Mount a filesystem in memory: /run, or /run:size=64m,exec")
      ->takes("TARGET[:OPTIONS]")
      ->repeated();
  app.add_option("--volumes-from", options.volumes_from,
                 "Mount what another container has mounted from the host and volumes")
      ->takes("CONTAINER[:ro]", value_source::containers);
  app.add_option(
         "--shm-size", [&options](const std::string& text) { options.shm_size = parse_size(text, "--shm-size"); },
         "Size of /dev/shm (64m)")
      ->takes("SIZE");
  app.add_option(
         "--device", [&options](const std::string& word) { options.devices.push_back(parse_device(word)); },
         "Give a device of the host: /dev/fuse, /dev/sda:/dev/disk:r")
      ->takes("PATH[:TARGET][:ACCESS]", value_source::files)
      ->repeated();
  app.add_option(
         "--device-cgroup-rule",
         [&options](const std::string& word) { options.device_rules.push_back(check_device_rule(word)); },
         "Let it use devices of a number: \"c 10:229 rwm\"")
      ->takes("RULE")
      ->repeated();
}

void check_storage(const storage_options& options) {
  std::set<std::string> targets;
  for (const mount_request& m : options.mounts) {
    if (!targets.insert(m.target).second)
      throw error(errc::invalid_argument, "mount", m.target, "it is mounted twice", "leave one of them out");
  }
}

}  // namespace lxr::cli
