// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/storage_flags.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>

#include "cli/flags/flag_values.hpp"
#include "cli/flags/mount_words.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {

namespace {

// The host's description of a time zone, for the container (tzfile(5)).
mount_request time_zone(const std::string& word) {
  const char* directory = std::getenv("TZDIR");
  const std::string zones = directory != nullptr && *directory != 0 ? directory : "/usr/share/zoneinfo";
  const bool leaves = word.empty() || word.front() == '/' || ("/" + word + "/").find("/../") != std::string::npos;
  const std::string path = word == "local" ? "/etc/localtime" : zones + "/" + word;
  std::error_code none;
  if (leaves || !std::filesystem::is_regular_file(path, none))
    refuse_value("--tz", word, "there is no such time zone in " + zones);
  mount_request m;
  m.source = path;
  m.target = "/etc/localtime";
  m.options = {"ro", "nosuid", "nodev", "noexec"};
  return m;
}

}  // namespace

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
         "--image-volume",
         [&options](const std::string& word) {
           if (word != "anonymous" && word != "bind" && word != "tmpfs" && word != "ignore")
             refuse_value("--image-volume", word, "it is anonymous, tmpfs or ignore");
           options.image_volumes = word == "anonymous" || word == "bind" ? "" : word;
         },
         "What the image's volumes become: anonymous ones, filesystems in memory, or nothing")
      ->takes("anonymous|tmpfs|ignore");
  app.add_option(
         "--volume-driver",
         [](const std::string& word) {
           if (!word.empty() && word != "local") refuse_value("--volume-driver", word, "the only driver is local");
         },
         "The driver of new volumes: local")
      ->takes("local");
  app.add_option(
         "--tz", [&options](const std::string& word) { options.mounts.push_back(time_zone(word)); },
         "Time zone: Europe/Berlin, or local for the host's")
      ->takes("ZONE|local");
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
