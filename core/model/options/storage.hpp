// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_fields.hpp"

namespace lxr {

enum class mount_kind { bind, volume, tmpfs };
const char* to_word(mount_kind kind);
bool from_word(std::string_view word, mount_kind& out);

// Where the files of a volume are: a path from the root directory of the instance.
std::string volume_path(const std::string& name);

// One mount that a user, or the image's Volumes, ask for.
struct mount_request {
  mount_kind kind = mount_kind::bind;
  std::string source;                // bind: an absolute path of the host; volume: its name; tmpfs: empty
  std::string target;                // an absolute path in the container
  std::vector<std::string> options;  // of mount(8), over the defaults of its kind: "ro", "rshared", "size=64k"
  bool is_anonymous = false;         // volume: made for this container, and removed with it when asked
  bool no_copy = false;              // volume: a new one does not begin with what the image has at the target
};

// A device of the host in a container.
struct device_request {
  std::string host, target;  // paths; `host` may be a directory with devices
  std::string access;        // of "rwm"
};

// What a container sees of the host and of volumes.
struct storage_options {
  std::vector<mount_request> mounts;
  std::vector<std::string> volumes_from;  // "NAME" or "NAME:ro": containers whose mounts it has too; create adds them
  std::string image_volumes;              // of the image's Volumes: empty: anonymous ones; "tmpfs"; "ignore": none
  std::int64_t shm_size = 0;              // bytes of /dev/shm; 0: 64 MiB
  std::vector<device_request> devices;
  std::vector<std::string> device_rules;  // of the device cgroup: "c 10:229 rwm"
};

template <class Format, json::same_struct<mount_request> T>
void describe(Format& f, T& v) {
  f("kind", v.kind);
  f("source", v.source);
  f("target", v.target);
  f("options", v.options);
  f("anonymous", v.is_anonymous);
  f("noCopy", v.no_copy);
}

template <class Format, json::same_struct<device_request> T>
void describe(Format& f, T& v) {
  f("host", v.host);
  f("target", v.target);
  f("access", v.access);
}

template <class Format, json::same_struct<storage_options> T>
void describe(Format& f, T& v) {
  f("mounts", v.mounts);
  f("volumesFrom", v.volumes_from);
  f("imageVolumes", v.image_volumes);
  f("shmSize", v.shm_size);
  f("devices", v.devices);
  f("deviceRules", v.device_rules);
}

}  // namespace lxr
